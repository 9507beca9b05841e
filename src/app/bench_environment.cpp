// SPDX-License-Identifier: MIT
#include "app/bench_environment.h"

#include <unistd.h>

#include <system_error>

namespace landfall::app {
namespace {

constexpr std::size_t memory_octets = std::size_t{640} << 20U;

} // namespace

base::result<const dataplane::eal*> bench_environment() {
    static auto started = dataplane::eal::start({.memory_octets = memory_octets});
    if (!started) {
        return std::unexpected(started.error());
    }
    return started->get();
}

temporary_file::temporary_file() {
    static int made = 0;
    path_ = std::filesystem::temp_directory_path() / std::string("landfall-bench-")
                                                         .append(std::to_string(getpid()))
                                                         .append("-")
                                                         .append(std::to_string(made++));
}

temporary_file::~temporary_file() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

} // namespace landfall::app
