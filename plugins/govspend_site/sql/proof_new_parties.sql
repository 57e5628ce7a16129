-- How many are new in a release, and what they sold or spent. /* party */ becomes supplier or buyer.
SELECT count(*) AS new_/* party */_count,
    coalesce(sum(amount_pence), 0) AS amount_pence,
    :previous_month AS before_month,
    (SELECT oldest_month FROM releases WHERE release_id = :release_id) AS first_month,
    (SELECT newest_month FROM releases WHERE release_id = :release_id) AS last_month
FROM (
/* include digest_new_/* party */s */
)
