// The table of peers. See peers.hpp.
#include "peers/peers.hpp"

#include <array>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

constexpr std::array<PeerEntry, 9> kPeers = {{
    {"session_memory", make_session_memory},
    {"redis list", make_redis_list},
    {"redis list, uncapped", make_redis_list_uncapped},
    {"redis session", make_redis_session},
    {"openai sql", make_openai_sql},
    {"one array", make_one_array},
    {"one array, uncapped", make_one_array_uncapped},
    {"langchain", make_langchain},
    {"bare statement", make_bare_statement},
}};

}  // namespace

std::span<const PeerEntry> peer_table() {
    return kPeers;
}

std::unique_ptr<Peer> make_peer(std::string_view name, const Place &place) {
    for (const PeerEntry &entry : kPeers) {
        if (entry.name == name) return entry.make(place);
    }
    throw std::invalid_argument("no such peer: " + std::string(name));
}

}  // namespace bench
