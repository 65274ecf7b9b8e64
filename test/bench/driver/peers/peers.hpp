// The peers, and the table that finds them by name.
//
// *Equal content*: five exchanges are five questions and five answers. A peer that keeps messages
// reads ten rows for them; a peer that keeps exchanges, five. Redis and the one-array table keep
// the time of each exchange inside its JSON, because their readers need it to judge its age; the
// others have a column for it.
//
// *In the peer's favour*: wherever a peer's real client sends more than the minimum, the minimum
// is sent here: no ORM, no JSON parsing on the client, statements prepared once, and the
// messages of one exchange go out together.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "client.hpp"

namespace bench {

std::unique_ptr<Peer> make_session_memory(const Place &place);
std::unique_ptr<Peer> make_one_array(const Place &place);
std::unique_ptr<Peer> make_one_array_uncapped(const Place &place);
std::unique_ptr<Peer> make_openai_sql(const Place &place);
std::unique_ptr<Peer> make_langchain(const Place &place);
std::unique_ptr<Peer> make_bare_statement(const Place &place);
std::unique_ptr<Peer> make_redis_list(const Place &place);
std::unique_ptr<Peer> make_redis_list_uncapped(const Place &place);
std::unique_ptr<Peer> make_redis_session(const Place &place);

// Fills sessions of the extension with interactions that expired long ago; their user is "expired".
void load_expired(const Place &place, const SessionSet &set, std::uint64_t history);

struct PeerEntry {
    std::string_view name;
    std::unique_ptr<Peer> (*make)(const Place &place);
};
std::span<const PeerEntry> peer_table();
std::unique_ptr<Peer> make_peer(std::string_view name, const Place &place);

}  // namespace bench
