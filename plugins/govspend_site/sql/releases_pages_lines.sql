-- How many lines a release kept from the one before it, letter for letter in names and amount;
-- how many are new in it and how many of the earlier ones it no longer has.
SELECT sum(first_position < :position AND last_position >= :position) AS kept_count,
    sum(first_position = :position) AS new_count,
    sum(last_position = :position - 1) AS gone_count
FROM line_spans
WHERE feed_id = :feed_id
