#error "core code must not see the server: postgres_fe.h belongs to the shell (src/pg/postgres.hpp)"
