-- Frameworks that lines are published under and that no declared list of admitted suppliers is of.
SELECT found.framework, frameworks.family
FROM (SELECT DISTINCT framework FROM pair_years WHERE framework IS NOT NULL) AS found
LEFT JOIN frameworks ON frameworks.framework = found.framework
WHERE found.framework NOT IN (SELECT framework FROM admitted)
ORDER BY found.framework
