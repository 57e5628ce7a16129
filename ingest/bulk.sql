-- What the bulk files of an edition are written from (ingest/bulk.py), each under its name.

-- name: lines
-- What the view spend_named is made of, in the order of the table, which is that of the published
-- files, so that the same edition gives the same bytes. What keys stand for, and the financial year of
-- a month, is looked up once each: to fetch it with each line would double the time.
-- The first row is none: it tells Arrow's driver what a column is that begins with unknowns.
SELECT 0 AS place, '' AS spend_id, 0 AS release_key, 0 AS line_number, '' AS month,
    0 AS categories_key, '' AS description, 0 AS amount_pence, 0 AS supplier_name_id,
    0 AS buyer_name_id
UNION ALL
SELECT rowid, spend_id, release_key, line_number, month, categories_key, description, amount_pence,
    supplier_name_id, buyer_name_id
FROM spend_keyed
ORDER BY place

-- name: releases
SELECT release_key, release_id FROM releases ORDER BY release_key

-- name: categories
SELECT categories_key, framework, lot, sector, supplier_size FROM line_categories
ORDER BY categories_key

-- name: months
SELECT DISTINCT month FROM release_months ORDER BY month

-- name: supplier names
SELECT supplier_name_id, supplier_id, published_name AS supplier_name FROM supplier_names
ORDER BY supplier_name_id

-- name: buyer names
SELECT buyer_name_id, buyer_id, published_name AS buyer_name FROM buyer_names
ORDER BY buyer_name_id

-- name: withheld releases
-- Releases in which a text is withheld. Identical lines share a secret: `ID-2` is the second of ID,
-- and '.' is what follows '-'.
SELECT releases.release_id FROM withheld
JOIN spend_keyed ON spend_keyed.spend_id >= withheld.subject_id
    AND spend_keyed.spend_id < withheld.subject_id || '.'
JOIN releases AS shown ON shown.release_key = spend_keyed.release_key
JOIN releases ON releases.feed_id = shown.feed_id
    AND releases.position BETWEEN spend_keyed.first_position AND shown.position
UNION
SELECT releases.release_id FROM withheld
JOIN ended_spans ON ended_spans.spend_id >= withheld.subject_id
    AND ended_spans.spend_id < withheld.subject_id || '.'
JOIN releases ON releases.feed_id = ended_spans.feed_id
    AND releases.position BETWEEN ended_spans.first_position AND ended_spans.last_position
UNION
SELECT quarantine.release_id FROM withheld
JOIN quarantine ON quarantine.quarantine_id = withheld.subject_id

-- name: edition
SELECT edition_id, title FROM editions

-- name: terms
-- Under what terms the lines may be used, a row a feed.
SELECT licence, attribution FROM feeds ORDER BY feed_id

-- name: tables
-- Tables of an edition, without those that search keeps for itself.
SELECT name FROM sqlite_master
WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '%\_fts%' ESCAPE '\'
ORDER BY name
