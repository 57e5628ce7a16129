-- What the bulk files of an edition are written from (ingest/bulk.py), each under its name.

-- name: lines
-- The columns of the view spend_named, but that names are told by their numbers: joining them here
-- would take half as long again. The order is total, so that the same edition gives the same bytes;
-- it follows the index on month, and lines that are alike come together.
SELECT spend_id, release_id, line_number, month, financial_year, framework, lot, sector,
    supplier_size, description, amount_pence, supplier_id, supplier_name_id, buyer_id, buyer_name_id
FROM spend
ORDER BY +month, supplier_id, buyer_id, spend_id

-- name: supplier names
SELECT supplier_name_id, published_name FROM supplier_names

-- name: buyer names
SELECT buyer_name_id, published_name FROM buyer_names

-- name: withheld releases
-- Releases in which a text is withheld. Identical lines share a secret: `ID-2` is the second of ID,
-- and '.' is what follows '-'.
SELECT release_lines.release_id FROM withheld
JOIN release_lines ON release_lines.spend_id >= withheld.subject_id
    AND release_lines.spend_id < withheld.subject_id || '.'
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
