-- The sales that fit the choices. A sale is a positive line. /* choices */ becomes the conditions that
-- were asked. The + keeps SQLite from an index by which every line would be fetched by itself, and a
-- view looks up nothing that a SELECT with a limit does not show.
fitting AS (
    SELECT spend.supplier_id AS supplier_id, spend.buyer_id AS buyer_id, spend.month,
        spend.amount_pence
    FROM spend
    WHERE +spend.amount_pence > 0 /* choices */
    LIMIT -1
)
