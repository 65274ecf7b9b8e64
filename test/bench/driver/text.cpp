// Makes the benchmark's text: vocabulary, sentences, JSON. See text.hpp.
#include "text.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <unordered_set>

namespace bench {
namespace {

constexpr std::size_t kVocabulary = 30000;
constexpr std::size_t kStampLength = 11;  // ten digits and a blank

using Random = std::mt19937_64;

std::size_t below(Random &random, std::size_t limit) {
    return random() % limit;
}
bool chance(Random &random, double probability) {
    return static_cast<double>(random() >> 11) * 0x1p-53 < probability;
}

// Frequent words are short, as in natural language.
std::size_t syllables_for(std::size_t rank, Random &random) {
    if (rank < 60) return 1;
    if (rank < 1500) return 1 + below(random, 2);
    return 2 + below(random, 3);
}

std::string make_word(std::size_t rank, Random &random) {
    static constexpr std::array<const char *, 31> kOnsets = {
        "b",  "c",  "d",  "f",  "g",  "h",  "j",  "l",  "m",  "n",  "p",  "r",  "s",  "t", "v", "w",
        "br", "ch", "cl", "dr", "fl", "gr", "pl", "pr", "qu", "sh", "st", "th", "tr", "",  ""};
    static constexpr std::array<const char *, 16> kVowels = {
        "a", "e", "i", "o", "u", "a", "e", "i", "o", "e", "ea", "ai", "ou", "ie", "y", "oo"};
    static constexpr std::array<const char *, 16> kCodas = {
        "", "", "", "n", "r", "s", "t", "l", "nd", "st", "ng", "ck", "m", "d", "ss", "nt"};
    std::string word;
    for (std::size_t n = syllables_for(rank, random); n > 0; --n) {
        word += kOnsets[below(random, kOnsets.size())];
        word += kVowels[below(random, kVowels.size())];
        word += kCodas[below(random, kCodas.size())];
    }
    if (rank > 500 && chance(random, 0.01)) word += "é";
    return word;
}

class Vocabulary {
  public:
    explicit Vocabulary(Random &random) {
        std::unordered_set<std::string> seen;
        double total = 0;
        while (words_.size() < kVocabulary) {
            std::string word = make_word(words_.size(), random);
            while (!seen.insert(word).second) word += static_cast<char>('a' + below(random, 26));
            words_.push_back(std::move(word));
            total += 1.0 / static_cast<double>(words_.size());
            cumulative_.push_back(total);
        }
    }

    const std::string &draw(Random &random) const {
        double at = static_cast<double>(random() >> 11) * 0x1p-53 * cumulative_.back();
        auto found = std::lower_bound(cumulative_.begin(), cumulative_.end(), at);
        auto index = static_cast<std::size_t>(found - cumulative_.begin());
        return words_[std::min(index, words_.size() - 1)];
    }

  private:
    std::vector<std::string> words_;
    std::vector<double> cumulative_;
};

void append_sentence(std::string &out, const Vocabulary &vocabulary, Random &random) {
    std::size_t first = out.size();
    for (std::size_t n = 6 + below(random, 14); n > 0; --n) {
        if (chance(random, 0.02)) {
            out += std::to_string(below(random, 5000));
        } else if (chance(random, 0.01)) {
            out += '"' + vocabulary.draw(random) + '"';
        } else {
            out += vocabulary.draw(random);
        }
        if (n > 1) out += chance(random, 0.08) ? ", " : " ";
    }
    if (out[first] >= 'a' && out[first] <= 'z') out[first] = static_cast<char>(out[first] - 32);
    out += chance(random, 0.2) ? '?' : '.';
}

// Exactly `length` bytes of prose, with a line break after every few sentences.
std::string make_prose(std::size_t length, const Vocabulary &vocabulary, Random &random) {
    std::string out;
    while (out.size() < length) {
        append_sentence(out, vocabulary, random);
        out += chance(random, 0.25) ? "\n\n" : " ";
    }
    out.resize(length);
    // Leave no first half of a character, and no white space at the end.
    char &last = out.back();
    if (static_cast<unsigned char>(last) >= 0xc0 || last == ' ' || last == '\n') last = '.';
    return out;
}

std::string escape(const std::string &raw) {
    std::string out;
    for (char c : raw) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

Text make_text(std::size_t length, const Vocabulary &vocabulary, Random &random) {
    Text text;
    text.raw = make_prose(length - kStampLength, vocabulary, random);
    text.escaped = escape(text.raw);
    return text;
}

}  // namespace

Corpus::Corpus(std::size_t exchanges, std::size_t question_length, std::size_t answer_length) {
    Random random(20240607);
    Vocabulary vocabulary(random);
    for (std::size_t n = 0; n < exchanges; ++n) {
        questions_.push_back(make_text(question_length, vocabulary, random));
        answers_.push_back(make_text(answer_length, vocabulary, random));
    }
}

ExchangeSource::ExchangeSource(const Corpus &corpus) : corpus_(corpus) {
    static std::atomic<std::uint64_t> sources{0};
    serial_ = ++sources << 30;
    position_ = serial_ * 2654435761U;
}

void ExchangeSource::advance() {
    ++serial_;
    ++position_;
    std::uint64_t rest = serial_;
    for (std::size_t n = kStampLength - 1; n > 0; --n) {
        stamp_[n - 1] = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % 36];
        rest /= 36;
    }
    stamp_[kStampLength - 1] = ' ';
    query_.assign(stamp_, kStampLength).append(corpus_.question(position_).raw);
    answer_.assign(stamp_, kStampLength).append(corpus_.answer(position_).raw);
}

void ExchangeSource::append_exchange(std::string &out, const char *timestamp) const {
    out += '{';
    if (timestamp != nullptr) out.append("\"timestamp\":\"").append(timestamp).append("\",");
    out.append("\"query\":\"").append(stamp_, kStampLength);
    out.append(corpus_.question(position_).escaped).append("\",\"answer\":\"");
    out.append(stamp_, kStampLength).append(corpus_.answer(position_).escaped).append("\"}");
}

void ExchangeSource::append_user_message(std::string &out) const {
    out.append("{\"role\":\"user\",\"content\":\"").append(stamp_, kStampLength);
    out.append(corpus_.question(position_).escaped).append("\"}");
}

void ExchangeSource::append_assistant_message(std::string &out) const {
    out.append("{\"role\":\"assistant\",\"content\":\"").append(stamp_, kStampLength);
    out.append(corpus_.answer(position_).escaped).append("\"}");
}

namespace {
void append_langchain(std::string &out, const char *type, const char *stamp, const Text &text) {
    out.append("{\"type\":\"").append(type).append("\",\"data\":{\"content\":\"");
    out.append(stamp, kStampLength).append(text.escaped);
    out.append("\",\"additional_kwargs\":{},\"response_metadata\":{},\"type\":\"").append(type);
    out.append("\",\"name\":null,\"id\":null}}");
}
}  // namespace

void ExchangeSource::append_human_message(std::string &out) const {
    append_langchain(out, "human", stamp_, corpus_.question(position_));
}

void ExchangeSource::append_ai_message(std::string &out) const {
    append_langchain(out, "ai", stamp_, corpus_.answer(position_));
}

}  // namespace bench
