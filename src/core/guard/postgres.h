#error "core code must not see the server: postgres.h belongs to the shell (src/pg/postgres.hpp)"
