-- Settled months and those a year before. /* now */ and /* before */ become the conditions.
SELECT sum(CASE WHEN /* now */ THEN amount_pence ELSE 0 END) AS now_pence,
    sum(CASE WHEN /* before */ THEN amount_pence ELSE 0 END) AS before_pence,
    sum(CASE WHEN /* now */ AND supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS now_sme_pence,
    sum(CASE WHEN /* before */ AND supplier_size = 'SME' THEN amount_pence ELSE 0 END)
        AS before_sme_pence,
    sum(CASE WHEN /* now */ AND supplier_size IS NULL THEN amount_pence ELSE 0 END)
        AS now_size_not_published_pence,
    sum(CASE WHEN /* before */ AND supplier_size IS NULL THEN amount_pence ELSE 0 END)
        AS before_size_not_published_pence,
    min(CASE WHEN /* now */ THEN month END) AS first_month,
    max(CASE WHEN /* now */ THEN month END) AS last_month
FROM spend /* where */
