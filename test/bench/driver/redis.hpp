// A thin wrapper of hiredis: one connection over a unix socket, commands one by one or in a
// pipeline, errors as exceptions.
#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

struct FreeReply {
    void operator()(redisReply *reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

class Redis {
  public:
    explicit Redis(const std::string &socket);

    // Queues a command; nothing is sent before reply() asks for an answer.
    void queue(std::initializer_list<std::string_view> words);
    // The answer to the oldest command still open.
    Reply reply();
    Reply command(std::initializer_list<std::string_view> words);

    // A field of INFO, such as used_memory; 0 where it is absent.
    std::uint64_t info(const char *section, const std::string &field);

  private:
    struct Free {
        void operator()(redisContext *context) const { redisFree(context); }
    };
    std::unique_ptr<redisContext, Free> context_;
};

// Bytes of all strings in a reply.
std::size_t reply_bytes(const Reply &reply);

}  // namespace bench
