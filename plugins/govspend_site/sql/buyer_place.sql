-- Where a buyer's head office is, where that is known.
SELECT * FROM buyer_places WHERE buyer_id = :buyer_id
