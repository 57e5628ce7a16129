-- Each query gives one number that must be nought in each file that holds lines.

-- must be nought: lines of spend that are not held by their release
SELECT count(*) FROM spend_keyed
JOIN releases ON releases.release_key = spend_keyed.release_key
WHERE spend_keyed.first_position NOT BETWEEN 1 AND releases.position

-- must be nought: runs of releases that ended, and are no earlier ones
SELECT count(*) FROM ended_spans
JOIN releases ON releases.feed_id = ended_spans.feed_id
    AND releases.position = ended_spans.last_position
WHERE releases.is_current OR ended_spans.first_position NOT BETWEEN 1 AND releases.position

-- must be nought: lines that search does not know
SELECT abs((SELECT count(*) FROM spend_keyed) - (SELECT count(*) FROM spend_fts))

-- must be nought: sizes other than SME, Large and not published
SELECT count(*) FROM line_categories WHERE supplier_size NOT IN ('SME', 'Large')

