-- How much of all spend is of buyers with a known head office.
SELECT count(DISTINCT spend.buyer_id) AS buyer_count,
    count(DISTINCT buyer_places.buyer_id) AS placed_buyer_count,
    sum(spend.amount_pence) AS total_pence,
    sum(CASE WHEN buyer_places.buyer_id IS NOT NULL THEN spend.amount_pence ELSE 0 END)
        AS placed_pence,
    CASE WHEN sum(spend.amount_pence) > 0 THEN round(100.0
        * sum(CASE WHEN buyer_places.buyer_id IS NOT NULL THEN spend.amount_pence ELSE 0 END)
        / sum(spend.amount_pence), 1) END AS placed_pct,
    min(spend.month) AS first_month,
    max(spend.month) AS last_month
FROM spend
LEFT JOIN buyer_places ON buyer_places.buyer_id = spend.buyer_id
