-- The sales that fit the choices: what each firm sold to each buyer, and when it began. A sale is a
-- positive line. /* choices */ becomes the conditions that were asked, /* typical */ the firm's usual
-- deal.
WITH fitting AS (
    SELECT spend.supplier_id AS supplier_id, spend.buyer_id AS buyer_id, spend.month,
        spend.amount_pence,
        row_number() OVER (PARTITION BY spend.supplier_id ORDER BY spend.amount_pence) AS place,
        count(*) OVER (PARTITION BY spend.supplier_id) AS places
    FROM spend
    WHERE +spend.amount_pence > 0 /* choices */
),
firms AS (
    -- The usual deal is the median sale: the middle one, or the mean of the two in the middle.
    SELECT supplier_id, CAST(round(avg(amount_pence)) AS INTEGER) AS typical_pence
    FROM fitting
    WHERE 2 * place BETWEEN places AND places + 2
    GROUP BY supplier_id
),
months AS (
    SELECT supplier_id, buyer_id, month, sum(amount_pence) AS amount_pence, count(*) AS sale_count,
        min(month) OVER (PARTITION BY supplier_id, buyer_id) AS first_month
    FROM fitting
    GROUP BY supplier_id, buyer_id, month
),
sales AS (
    SELECT months.supplier_id, months.buyer_id, first_month, max(month) AS last_month,
        sum(CASE WHEN month = first_month THEN amount_pence END) AS first_pence,
        sum(amount_pence) AS amount_pence, sum(sale_count) AS sale_count
    FROM months
    JOIN firms ON firms.supplier_id = months.supplier_id
    WHERE 1 /* typical */
    GROUP BY months.supplier_id, months.buyer_id
)
