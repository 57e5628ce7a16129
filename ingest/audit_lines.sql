-- Each query gives one number that must be nought in each file that holds lines.

-- must be nought: lines of spend that are not held by their release
SELECT count(*) FROM spend
JOIN releases ON releases.release_id = spend.release_id
WHERE NOT EXISTS (
    SELECT 1 FROM line_spans
    WHERE line_spans.spend_id = spend.spend_id AND line_spans.feed_id = releases.feed_id
        AND releases.position BETWEEN line_spans.first_position AND line_spans.last_position
)

-- must be nought: lines that search does not know
SELECT abs((SELECT count(*) FROM spend) - (SELECT count(*) FROM spend_fts))

-- must be nought: sizes other than SME, Large and not published
SELECT count(*) FROM spend WHERE supplier_size NOT IN ('SME', 'Large')

