-- Frameworks that the supplier was admitted to, by the lists that are declared.
SELECT DISTINCT admitted.framework
FROM admitted
JOIN frameworks ON frameworks.framework = admitted.framework
WHERE admitted.supplier_id = :supplier_id
ORDER BY frameworks.family DESC, frameworks.first_month, admitted.framework
