// SPDX-License-Identifier: MIT
// The tests that need DPDK: its environment is started once, without hugepages and without root.
#define DOCTEST_CONFIG_IMPLEMENT
#include "eal_main.h"

#include <cstdio>
#include <cstdlib>

namespace {

landfall::dataplane::eal* started = nullptr;

} // namespace

landfall::dataplane::eal& landfall::dataplane::the_eal() {
    return *started;
}

int main(int count, char** arguments) {
    using namespace landfall::dataplane;
    auto made = eal::start(
        {.memory_octets = 224U << 20U,
         .hugepages = false,
         .log = [](log_level level, std::string_view line) {
             if (std::getenv("EAL_LOG") != nullptr || level == log_level::error) {
                 std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
             }
         }});
    if (!made) {
        std::fprintf(stderr, "%s\n", made.error().message.c_str());
        return made.error().code;
    }
    started = made->get();
    doctest::Context context(count, arguments);
    return context.run();
}
