-- Buyers all of whose money went to SMEs, and how many of those had one supplier.
SELECT count(*) AS buyer_count,
    count(*) FILTER (WHERE amount_pence > 0 AND sme_pence = amount_pence) AS all_sme_count,
    count(*) FILTER (WHERE amount_pence > 0 AND sme_pence = amount_pence AND supplier_count = 1)
        AS one_supplier_count
FROM (
    SELECT sum(amount_pence) AS amount_pence, count(DISTINCT supplier_id) AS supplier_count,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence
    FROM spend GROUP BY buyer_id
)
