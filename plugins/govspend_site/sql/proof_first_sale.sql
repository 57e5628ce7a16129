-- What SMEs sold in the first month in which they sold as SMEs; half began with the median or less.
WITH months AS (
    SELECT supplier_id, month, sum(amount_pence) AS pence,
        row_number() OVER (PARTITION BY supplier_id ORDER BY month) AS nth
    FROM spend
    WHERE +amount_pence > 0 AND supplier_size = 'SME'
    GROUP BY supplier_id, month
),
firsts AS (
    SELECT pence, row_number() OVER (ORDER BY pence) AS place, count(*) OVER () AS places
    FROM months
    WHERE nth = 1
)
SELECT count(*) AS sme_suppliers_count,
    CAST(round(avg(CASE WHEN 2 * place BETWEEN places AND places + 2 THEN pence END)) AS INTEGER)
        AS median_pence,
    CAST(round(avg(CASE WHEN place = (places + 3) / 4 THEN pence END)) AS INTEGER)
        AS lower_quartile_pence,
    CAST(round(avg(CASE WHEN place = (3 * places + 3) / 4 THEN pence END)) AS INTEGER)
        AS upper_quartile_pence,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM firsts
