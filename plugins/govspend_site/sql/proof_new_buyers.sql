-- The 25 largest of the same.
SELECT name AS buyer, first_month, other_count AS supplier_count, amount_pence
FROM (
/* include digest_new_buyers */
)
LIMIT 25
