-- The name of the supplier or buyer of an id; null where there is none.
SELECT CASE :party
    WHEN 'supplier' THEN (SELECT name FROM suppliers WHERE supplier_id = :id)
    WHEN 'buyer' THEN (SELECT name FROM buyers WHERE buyer_id = :id)
    END AS name
