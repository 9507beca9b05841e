// SPDX-License-Identifier: MIT
#include "dataplane/lcore.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_pause.h>

#include <algorithm>
#include <ctime>

namespace landfall::dataplane {
namespace {

constexpr unsigned patient_steps = 64;
constexpr long least_sleep_ns = 50'000;
constexpr long most_sleep_ns = 100'000;
constexpr long sleep_growth_ns = 5'000;

time_ns to_ns(std::uint64_t cycles) noexcept {
    static const double ns_per_cycle = 1e9 / static_cast<double>(rte_get_tsc_hz());
    return static_cast<time_ns>(static_cast<double>(cycles) * ns_per_cycle);
}

} // namespace

time_ns time_now() noexcept {
    return to_ns(rte_rdtsc());
}

lcore_loop::~lcore_loop() {
    request_stop();
    join();
}

base::result<void> lcore_loop::launch() {
    static_cast<void>(time_now()); // the factor is worked out here
    if (const int error = rte_eal_remote_launch(main, this, on_.id); error != 0) {
        return std::unexpected(base::failure{"lcore " + std::to_string(on_.id) + " on CPU " +
                                             std::to_string(on_.cpu) +
                                             " does not start: " + rte_strerror(-error)});
    }
    running_ = true;
    return {};
}

void lcore_loop::join() noexcept {
    if (running_) {
        running_ = false;
        static_cast<void>(rte_eal_wait_lcore(on_.id));
    }
}

int lcore_loop::main(void* self) noexcept {
    static_cast<lcore_loop*>(self)->run();
    return 0;
}

void lcore_loop::run() noexcept {
    unsigned idle_steps = 0;
    long sleep_ns = least_sleep_ns;
    std::uint64_t begun = rte_rdtsc();
    while (!stop_.load(std::memory_order_relaxed)) {
        const bool worked = step_.run(step_.context, to_ns(begun)) != 0;
        steps_.add();
        std::uint64_t ended = rte_rdtsc();
        if (ended - begun > longest_gap_cycles_.load(std::memory_order_relaxed)) {
            longest_gap_cycles_.store(ended - begun, std::memory_order_relaxed);
        }
        if (worked) {
            busy_cycles_.add(ended - begun);
            idle_steps = 0;
            sleep_ns = least_sleep_ns;
        } else if (idle_ == idle_mode::spin) {
            rte_pause();
        } else if (++idle_steps > patient_steps) {
            const timespec rest{0, sleep_ns};
            nanosleep(&rest, nullptr);
            sleep_ns = std::min(sleep_ns + sleep_growth_ns, most_sleep_ns);
            ended = rte_rdtsc();
        }
        total_cycles_.add(ended - begun);
        begun = ended;
    }
}

time_ns lcore_loop::take_longest_gap_ns() noexcept {
    return to_ns(longest_gap_cycles_.exchange(0, std::memory_order_relaxed));
}

} // namespace landfall::dataplane
