// Which session an operation goes to.
//
// Session ids are texts in the form of a UUID, scattered as random UUIDs are, and the same for
// every peer. A group is a set of sessions that were loaded together.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

// A step of the splitmix64 generator (Steele, Lea and Flood 2014): scatters a counter.
inline std::uint64_t scatter(std::uint64_t n) {
    n += 0x9e3779b97f4a7c15U;
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9U;
    n = (n ^ (n >> 27)) * 0x94d049bb133111ebU;
    return n ^ (n >> 31);
}

// Writes the 36 characters of a session's id over `out`.
inline void write_session_id(std::string &out, std::uint32_t group, std::uint64_t index) {
    std::uint64_t high = scatter((std::uint64_t{group} << 40) + index);
    std::uint64_t low = scatter(high ^ index);
    out.resize(36);
    for (int n = 35; n >= 0; --n) {
        if (n == 8 || n == 13 || n == 18 || n == 23) {
            out[static_cast<std::size_t>(n)] = '-';
            continue;
        }
        std::uint64_t &half = n > 18 ? low : high;
        out[static_cast<std::size_t>(n)] = "0123456789abcdef"[half & 15];
        half >>= 4;
    }
}

inline std::string session_id(std::uint32_t group, std::uint64_t index) {
    std::string id;
    write_session_id(id, group, index);
    return id;
}

// The sessions of a group that a workload touches.
struct SessionSet {
    std::uint32_t group = 0;
    std::uint64_t count = 1;   // sessions loaded
    std::uint64_t active = 0;  // of these, how many are touched, evenly spread; 0: all
    std::uint64_t burst = 0;   // operations in a row on one session before the next; 0: at random
};

// Chooses the sessions for one client, one after the other.
class SessionPicker {
  public:
    SessionPicker(const SessionSet &set, int client)
        : set_(set), state_(scatter(static_cast<std::uint64_t>(client) + 77)) {
        if (set_.active == 0 || set_.active > set_.count) set_.active = set_.count;
    }

    const std::string &next() {
        std::uint64_t chosen = set_.burst > 0 ? step_++ / set_.burst : scatter(state_++);
        write_session_id(id_, set_.group, chosen % set_.active * (set_.count / set_.active));
        return id_;
    }

  private:
    SessionSet set_;
    std::uint64_t state_;
    std::uint64_t step_ = 0;
    std::string id_;
};

}  // namespace bench
