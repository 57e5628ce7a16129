-- Spend by lot in the months :first to :last and in the same months of the year before.
SELECT lot,
    sum(CASE WHEN month < :first THEN amount_pence ELSE 0 END) AS before_pence,
    sum(CASE WHEN month >= :first THEN amount_pence ELSE 0 END) AS amount_pence,
    sum(CASE WHEN month >= :first THEN amount_pence ELSE -amount_pence END) AS change_pence,
    round(100.0 * sum(CASE WHEN month >= :first THEN amount_pence ELSE -amount_pence END)
        / nullif(max(sum(CASE WHEN month < :first THEN amount_pence ELSE 0 END), 0), 0), 1)
        AS change_pct
FROM release_months
WHERE release_id = :release_id
    AND (month BETWEEN :first AND :last OR month BETWEEN :before_first AND :before_last)
GROUP BY lot
ORDER BY sum(CASE WHEN month >= :first THEN amount_pence ELSE 0 END) DESC, lot
