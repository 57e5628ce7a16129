-- The files of the declared lists of admitted suppliers.
SELECT list_id, title, publisher, attribution, filename, url, admitted_count, rejected_count
FROM admitted_files
ORDER BY list_id, url
