-- Frameworks that sales went through and that no declared list of admitted suppliers is of.
SELECT spend.framework, frameworks.family
FROM spend
LEFT JOIN frameworks ON frameworks.framework = spend.framework
WHERE spend.amount_pence > 0 AND spend.framework IS NOT NULL
    AND spend.framework NOT IN (SELECT framework FROM admitted)
GROUP BY spend.framework
ORDER BY spend.framework
