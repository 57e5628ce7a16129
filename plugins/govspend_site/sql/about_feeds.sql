-- Every feed with the terms that it is published under.
SELECT feed_id, title, publisher, licence, attribution, provenance, cadence, vat, restates_history
FROM feeds ORDER BY feed_id
