-- Ids that a party had under a name of its own before the name was joined to another's.
SELECT 'suppliers' AS party, own_id, supplier_id AS id FROM supplier_names
WHERE own_id NOT IN (SELECT supplier_id FROM suppliers)
UNION
SELECT 'buyers', own_id, buyer_id FROM buyer_names
WHERE own_id NOT IN (SELECT buyer_id FROM buyers)
