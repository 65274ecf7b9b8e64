// The two interfaces of the benchmark.
//
// A *peer* is one way to keep session memory: it makes its tables, loads sessions, and opens
// clients. A *client* is one connection that repeats one operation; it belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sessions.hpp"
#include "text.hpp"

namespace bench {

class Client {
  public:
    virtual ~Client() = default;
    // Does the operation once and returns the bytes of content that came back.
    virtual std::size_t operate() = 0;
};

class Peer {
  public:
    virtual ~Peer() = default;
    // Makes empty tables or keys; called once.
    virtual void create() = 0;
    // Loads `history` exchanges into each session of the set, as fast as the peer can.
    virtual void load(const SessionSet &set, std::uint64_t history) = 0;
    // After all loads: what an administrator would do, such as VACUUM ANALYZE.
    virtual void settle() {}
    // The newest five exchanges of a session (or, where the peer knows no less, the whole of it).
    virtual std::unique_ptr<Client> reader(const SessionSet &set, int client) = 0;
    // Adds one exchange to a session.
    virtual std::unique_ptr<Client> adder(const SessionSet &set, int client) = 0;
    // Exchanges stored, where the peer keeps all of them: shows that no acknowledged one is lost.
    virtual std::optional<std::uint64_t> stored() { return std::nullopt; }
    // Bytes on disk with all indexes, or of memory for what lives there.
    virtual std::uint64_t bytes() = 0;
};

// Where a peer lives. What is not needed stays empty.
struct Place {
    std::string postgres;  // a libpq connection string, with database and synchronous_commit
    std::string redis;     // path of a Redis server's unix socket
    const Corpus *corpus = nullptr;
};

}  // namespace bench
