-- Releases for the API, with their receipts and counts. /* where */ becomes the filters.
SELECT release_id, feed_id, newest_month, oldest_month, sequence, is_current, published_date,
    fetched_at, url, filename, byte_count, sha256, etag, last_modified, provenance, tried_on,
    encoding, line_ends, heading_line, headings, unknown_headings, line_count, blank_count,
    loaded_count, quarantined_count, unreadable_count, credit_count, zero_count,
    undescribed_count, rounded_count, published_amount, loaded_pence / 100.0 AS loaded_amount,
    loaded_pence, quarantined_pence / 100.0 AS quarantined_amount, quarantined_pence,
    rounding_amount, accepted_despite
FROM releases
/* where */
