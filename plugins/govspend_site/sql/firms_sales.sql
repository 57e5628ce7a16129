-- The sales that fit the choices. A sale is a positive line; each firm's are summed by buyer and
-- month. /* choices */ becomes the conditions that were asked, /* typical */ the firm's usual deal.
WITH fitting AS (
    SELECT spend.supplier_id AS supplier_id, spend.buyer_id AS buyer_id, spend.month,
        spend.amount_pence,
        row_number() OVER (PARTITION BY spend.supplier_id ORDER BY spend.amount_pence) AS place,
        count(*) OVER (PARTITION BY spend.supplier_id) AS places
    FROM spend NOT INDEXED
    WHERE spend.amount_pence > 0 /* choices */
),
firms AS (
    -- The usual deal is the median sale: the middle one, or the mean of the two in the middle.
    SELECT supplier_id, CAST(round(avg(amount_pence)) AS INTEGER) AS typical_pence
    FROM fitting
    WHERE 2 * place BETWEEN places AND places + 2
    GROUP BY supplier_id
),
sales AS (
    SELECT fitting.supplier_id, fitting.buyer_id, fitting.month,
        sum(fitting.amount_pence) AS amount_pence, count(*) AS sale_count
    FROM fitting
    JOIN firms ON firms.supplier_id = fitting.supplier_id
    WHERE 1 /* typical */
    GROUP BY fitting.supplier_id, fitting.buyer_id, fitting.month
)
