-- What one release told in all, and of its newest month. Null where no size is published.
SELECT releases.release_id, releases.loaded_count AS line_count,
    sum(release_months.amount_pence) AS total_pence,
    CASE WHEN count(release_months.supplier_size) > 0 THEN
        sum(CASE WHEN release_months.supplier_size = 'SME' THEN release_months.amount_pence ELSE 0 END)
        END AS sme_pence,
    CASE WHEN count(release_months.supplier_size) > 0 THEN round(100.0
        * sum(CASE WHEN release_months.supplier_size = 'SME' THEN release_months.amount_pence ELSE 0 END)
        / nullif(max(sum(release_months.amount_pence), 0), 0), 1) END AS sme_pct,
    sum(CASE WHEN release_months.month = releases.newest_month
        THEN release_months.amount_pence ELSE 0 END) AS newest_pence,
    releases.oldest_month AS first_month, releases.newest_month AS last_month
FROM releases
JOIN release_months ON release_months.release_id = releases.release_id
WHERE releases.release_id = :release_id
GROUP BY releases.release_id
