#error "core code must not see the server: c.h belongs to the shell (src/pg/postgres.hpp)"
