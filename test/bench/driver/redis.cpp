// The wrapper of hiredis. See redis.hpp.
#include "redis.hpp"

#include <array>
#include <stdexcept>

namespace bench {

Redis::Redis(const std::string &socket) : context_(redisConnectUnix(socket.c_str())) {
    if (context_ == nullptr || context_->err != 0) {
        throw std::runtime_error("Redis: cannot connect to " + socket);
    }
}

void Redis::queue(std::initializer_list<std::string_view> words) {
    std::array<const char *, 16> arguments;
    std::array<std::size_t, 16> lengths;
    if (words.size() > arguments.size()) throw std::logic_error("Redis: too many words");
    int count = 0;
    for (std::string_view word : words) {
        arguments[static_cast<std::size_t>(count)] = word.data();
        lengths[static_cast<std::size_t>(count)] = word.size();
        ++count;
    }
    if (redisAppendCommandArgv(context_.get(), count, arguments.data(), lengths.data()) !=
        REDIS_OK) {
        throw std::runtime_error(std::string("Redis: ") + context_->errstr);
    }
}

Reply Redis::reply() {
    void *answer = nullptr;
    if (redisGetReply(context_.get(), &answer) != REDIS_OK) {
        throw std::runtime_error(std::string("Redis: ") + context_->errstr);
    }
    Reply owned(static_cast<redisReply *>(answer));
    if (owned->type == REDIS_REPLY_ERROR) throw std::runtime_error(owned->str);
    return owned;
}

Reply Redis::command(std::initializer_list<std::string_view> words) {
    queue(words);
    return reply();
}

std::uint64_t Redis::info(const char *section, const std::string &field) {
    Reply answer = command({"INFO", section});
    std::string text(answer->str, answer->len);
    std::size_t at = text.find("\n" + field + ":");
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + field.size() + 2));
}

std::size_t reply_bytes(const Reply &reply) {
    std::size_t bytes = 0;
    for (std::size_t n = 0; n < reply->elements; ++n) bytes += reply->element[n]->len;
    return bytes;
}

}  // namespace bench
