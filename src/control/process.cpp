// SPDX-License-Identifier: MIT
#include "control/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace landfall::control {
namespace {

/// Fields of proc(5)'s /proc/self/stat, counted from the one behind the name, which may hold
/// blanks and brackets itself: `state` is 0.
constexpr int threads_field = 17;
constexpr int start_field = 19;
constexpr int virtual_bytes_field = 20;
constexpr int resident_pages_field = 21;

std::optional<double> boot_unix_s() {
    std::ifstream stat("/proc/stat");
    for (std::string word; stat >> word;) {
        double seconds = 0;
        if (word == "btime" && stat >> seconds) {
            return seconds;
        }
    }
    return std::nullopt;
}

void read_stat(process_state& state) {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) {
        return;
    }
    std::istringstream fields(line.substr(name_end + 1));
    std::string word;
    for (int field = 0; fields >> word; ++field) {
        const std::uint64_t value =
            word[0] >= '0' && word[0] <= '9' ? std::stoull(word) : std::uint64_t{0};
        switch (field) {
        case threads_field:
            state.threads = value;
            break;
        case start_field:
            if (const auto boot = boot_unix_s()) {
                state.start_unix_s =
                    *boot + static_cast<double>(value) / static_cast<double>(sysconf(_SC_CLK_TCK));
            }
            break;
        case virtual_bytes_field:
            state.virtual_bytes = value;
            break;
        case resident_pages_field:
            state.resident_bytes = value * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
            return;
        default:
            break;
        }
    }
}

double seconds_of(const timeval& time) noexcept {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

} // namespace

process_state read_process() {
    process_state state;
    read_stat(state);
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        state.cpu_s = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    }
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
        state.most_files = files.rlim_cur;
    }
    std::error_code error;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
         at.increment(error)) {
        ++state.open_files;
    }
    return state;
}

} // namespace landfall::control
