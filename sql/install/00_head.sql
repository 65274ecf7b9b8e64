-- session_memory: the install script, one room of the house a piece.
--
-- Every name is qualified, and operators are looked up in pg_catalog alone, so that nothing planted
-- in another schema can be captured here. Nothing is replaced or left as it is: what is in the way
-- makes the script fail, since it would stay its planter's.
SET LOCAL search_path = pg_catalog, pg_temp;

