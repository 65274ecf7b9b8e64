// The text that the benchmark stores: exchanges of a 280-character question and an 860-character
// answer, which is what people and models write on average.
//
// Words are drawn by Zipf's law from a vocabulary of 30,000 made-up words, so that a message
// compresses about as well as natural language does and not absurdly better. Texts have line
// breaks, quotes and some characters outside ASCII, because these cost a JSON writer time.
// Everything comes from a fixed seed: each run stores the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t kQuestionLength = 280;
inline constexpr std::size_t kAnswerLength = 860;

// One text, and the same as the inside of a JSON string.
struct Text {
    std::string raw;
    std::string escaped;
};

// Texts made once and shared by all threads.
class Corpus {
  public:
    explicit Corpus(std::size_t exchanges = 8192, std::size_t question_length = kQuestionLength,
                    std::size_t answer_length = kAnswerLength);

    std::size_t size() const { return questions_.size(); }
    const Text &question(std::uint64_t n) const { return questions_[n % questions_.size()]; }
    const Text &answer(std::uint64_t n) const { return answers_[n % answers_.size()]; }

  private:
    std::vector<Text> questions_;
    std::vector<Text> answers_;
};

// Hands one client its exchanges. The corpus repeats, so each text is stamped with a serial number
// of its own: an index over contents then sees as many different values as there are rows.
class ExchangeSource {
  public:
    explicit ExchangeSource(const Corpus &corpus);

    // Moves on to the next exchange; what follows speaks of that one.
    void advance();

    const std::string &query() const { return query_; }
    const std::string &answer() const { return answer_; }

    // The exchange as one JSON object; with a timestamp where one is given.
    void append_exchange(std::string &out, const char *timestamp = nullptr) const;
    // The same content as two messages in the manner of the OpenAI SDK …
    void append_user_message(std::string &out) const;
    void append_assistant_message(std::string &out) const;
    // … and in that of LangChain, with the fields that its serializer writes.
    void append_human_message(std::string &out) const;
    void append_ai_message(std::string &out) const;

  private:
    const Corpus &corpus_;
    std::uint64_t serial_;
    std::uint64_t position_ = 0;
    char stamp_[12] = {};
    std::string query_;
    std::string answer_;
};

}  // namespace bench
