-- Which of the :ids (a JSON list) no party of the kind :party (suppliers or buyers) has.
SELECT DISTINCT value AS id
FROM json_each(:ids)
WHERE CASE :party
    WHEN 'suppliers' THEN value NOT IN (SELECT supplier_id FROM suppliers)
    ELSE value NOT IN (SELECT buyer_id FROM buyers) END
ORDER BY value
