// The load driver's command line.
//
//   bench_driver --postgres CONNINFO --redis-everysec SOCKET --redis-always SOCKET
//                --scale quick|normal|full --csv FILE [--without-extension] EXPERIMENT…
//   bench_driver --csv FILE missing          a line for every target that has no measurement yet
//   bench_driver --csv FILE markdown         the tables
//   bench_driver --csv FILE plotdata FOLDER  what the plots are drawn from
//   bench_driver sample                    ten exchanges as JSON lines
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench.hpp"
#include "summary.hpp"

namespace {

struct Named {
    std::string_view name;
    bench::Experiment run;
};

constexpr std::array<Named, 7> kExperiments = {{
    {"peers", bench::compare_peers},
    {"history", bench::vary_history},
    {"table", bench::vary_table},
    {"janitor", bench::measure_janitor},
    {"snapshot", bench::hold_snapshot},
    {"disk", bench::measure_disk},
    {"bulk", bench::measure_bulk},
}};

void interrupt(int) {
    bench::interrupted = true;
}

void print_sample() {
    bench::Corpus corpus(64);
    bench::ExchangeSource source(corpus);
    for (int n = 0; n < 10; ++n) {
        std::string line;
        source.advance();
        source.append_exchange(line);
        std::puts(line.c_str());
    }
}

void run_named(const std::string &name, const bench::Bench &bench) {
    for (const Named &experiment : kExperiments) {
        if (experiment.name != name) continue;
        std::printf("%s\n", name.c_str());
        std::fflush(stdout);
        experiment.run(bench);
        return;
    }
    throw std::invalid_argument("no such experiment: " + name);
}

// What needs no server.
int without_servers(const std::vector<std::string> &words, const std::string &csv) {
    if (words.size() == 1 && words[0] == "sample") {
        print_sample();
    } else if (words.size() == 1 && words[0] == "missing") {
        bench::Report::list_missing(csv);
    } else if (words.size() == 1 && words[0] == "markdown") {
        bench::print_markdown(csv);
    } else if (words.size() == 2 && words[0] == "plotdata") {
        bench::write_plot_data(csv, words[1]);
    } else {
        throw std::invalid_argument("nothing to do; see the head of main.cpp");
    }
    return 0;
}

int run(const std::vector<std::string> &arguments) {
    std::string postgres;
    std::string everysec;
    std::string always;
    std::string csv = "/dev/null";
    std::string scale = "quick";
    bool ours = true;
    std::vector<std::string> experiments;
    for (std::size_t n = 0; n < arguments.size(); ++n) {
        auto value = [&]() -> const std::string & {
            if (n + 1 >= arguments.size()) throw std::invalid_argument(arguments[n] + ": value?");
            return arguments[++n];
        };
        const std::string &argument = arguments[n];
        if (argument == "--postgres")
            postgres = value();
        else if (argument == "--redis-everysec")
            everysec = value();
        else if (argument == "--redis-always")
            always = value();
        else if (argument == "--csv")
            csv = value();
        else if (argument == "--scale")
            scale = value();
        else if (argument == "--without-extension")
            ours = false;
        else
            experiments.push_back(argument);
    }
    if (postgres.empty()) return without_servers(experiments, csv);
    bench::Corpus corpus;
    bench::Report report(csv);
    bench::Bench bench{postgres, everysec, always, &bench::scale_named(scale),
                       &corpus,  &report,  ours};
    bench::require_fair_settings(bench);
    for (const std::string &name : experiments) run_named(name, bench);
    return 0;
}

}  // namespace

int main(int argc, char **argv) {
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const std::exception &error) {
        std::fprintf(stderr, "bench_driver: %s\n", error.what());
        return 1;
    }
}
