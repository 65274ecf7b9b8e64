#error "core code must not see the server: fmgr.h belongs to the shell (src/pg/postgres.hpp)"
