-- What each firm usually sells at once is its median sale: the middle one, or the mean of the two in the
-- middle. /* typical */ becomes what it may be.
placed AS (
    SELECT supplier_id, amount_pence,
        row_number() OVER (PARTITION BY supplier_id ORDER BY amount_pence) AS place,
        count(*) OVER (PARTITION BY supplier_id) AS places
    FROM fitting
),
medians AS (
    SELECT supplier_id, CAST(round(avg(amount_pence)) AS INTEGER) AS typical_pence
    FROM placed
    WHERE 2 * place BETWEEN places AND places + 2
    GROUP BY supplier_id
),
firms AS (
    SELECT supplier_id, typical_pence FROM medians WHERE 1 /* typical */
)
