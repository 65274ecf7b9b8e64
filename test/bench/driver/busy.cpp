// Computing and writing. See busy.hpp.
#include "busy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "runner.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPage = 8192;
constexpr double kFlush = 0.2;  // seconds

class LogFile {
  public:
    LogFile() {
        std::string path = std::filesystem::temp_directory_path() / "bench_log.XXXXXX";
        file_ = mkstemp(path.data());
        if (file_ < 0) throw std::runtime_error("cannot write to " + path);
        unlink(path.c_str());
    }
    ~LogFile() { close(file_); }
    LogFile(const LogFile &) = delete;
    LogFile &operator=(const LogFile &) = delete;

    void write(const void *page) {
        if (::write(file_, page, kPage) != static_cast<ssize_t>(kPage))
            throw std::runtime_error("cannot write a log");
    }
    void flush() {
        if (fdatasync(file_) != 0) throw std::runtime_error("cannot flush a log");
    }

  private:
    int file_;
};

}  // namespace

void keep_busy(double seconds, double bytes_per_second) {
    LogFile log;
    std::array<std::uint64_t, kPage / sizeof(std::uint64_t)> page{};
    std::uint64_t state = 1;
    double written = 0;
    double flushed = 0;
    Clock::time_point start = Clock::now();
    for (double now = 0; now < seconds && !interrupted;
         now = std::chrono::duration<double>(Clock::now() - start).count()) {
        for (std::uint64_t &word : page) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            word ^= state;
        }
        for (; written + kPage <= now * bytes_per_second; written += kPage) log.write(page.data());
        if (now - flushed >= kFlush) {
            log.flush();
            flushed = now;
        }
    }
}

}  // namespace bench
