-- Figures stated at the time for the very file of a release, beside what the file comes to.
-- Invented figures carry the names of real releases, so they are compared with none.
WITH sums AS (
    SELECT sum(amount_pence) AS pence,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
        sum(CASE WHEN sector = 'Central Government' THEN amount_pence ELSE 0 END) AS central_pence
    FROM release_months WHERE release_id = :release_id
)
SELECT published_totals.measure, published_totals.value, published_totals.tolerance,
    CASE published_totals.measure
        WHEN 'total_pounds' THEN sums.pence / 100.0
        WHEN 'sme_pct' THEN 100.0 * sums.sme_pence / nullif(max(sums.pence, 0), 0)
        WHEN 'central_government_pct' THEN 100.0 * sums.central_pence / nullif(max(sums.pence, 0), 0)
    END AS found,
    published_totals.source
FROM published_totals
JOIN releases ON releases.release_id = :release_id
    AND (releases.sha256 = published_totals.sha256 OR (published_totals.sha256 IS NULL
        AND releases.release_id = published_totals.release_id AND releases.url LIKE 'http%'))
CROSS JOIN sums
WHERE NOT (SELECT max(illustrative) FROM editions)
ORDER BY CASE published_totals.measure WHEN 'total_pounds' THEN 1 WHEN 'sme_pct' THEN 2 ELSE 3 END
