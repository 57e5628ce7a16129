-- The 25 largest of the same.
SELECT name AS supplier, first_month, other_count AS buyer_count, amount_pence
FROM (
/* include digest_new_suppliers */
)
LIMIT 25
