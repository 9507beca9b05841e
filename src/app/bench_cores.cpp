// SPDX-License-Identifier: MIT
#include "app/bench_cores.h"

#include "app/carrier_stage.h"

#include <algorithm>
#include <ctime>
#include <thread>

namespace landfall::app {
namespace {

constexpr std::int64_t packet_ns = 1000; // of the stage's clock: never a silence

constexpr auto no_buffer = [](std::size_t /*size*/) { return std::span<std::uint8_t>(); };
constexpr auto no_packet = [](std::uint32_t /*peer*/, std::size_t /*size*/) {};

config::carrier_settings carrier_of(const config::mission& mission) {
    config::carrier_settings settings;
    settings.name = "bench";
    settings.mission = mission;
    return settings;
}

/// Processor time of the calling thread: what else runs on the machine does not count.
double processor_s() noexcept {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// One carrier, its first half on the calling thread, and the second too, or on another one.
class runner {
  public:
    runner(const config::mission& mission, std::span<const std::vector<std::uint8_t>> packets)
        : stage_(carrier_of(mission), {}), packets_(packets) {}

    frame_stage& frames() { return stage_.frames(); }

    /// Seconds of processor time of all packets once, waits excluded.
    double run_once() {
        double waited_s = 0.0;
        const auto wait = [&](auto&& until) {
            const double begun_s = processor_s();
            while (!until()) {
                std::this_thread::yield();
            }
            waited_s += processor_s() - begun_s;
        };
        const double begun_s = processor_s();
        for (std::size_t at = 0; at < packets_.size(); ++at) {
            if (at + 1 < packets_.size()) { // as a modem lcore does
                base::prefetch(packets_[at + 1]);
            }
            stage_.push(packets_[at], now_ns_ += packet_ns, out_);
            if (!stage_.ready()) {
                wait([&] {
                    stage_.serve();
                    stage_.poll(now_ns_ += packet_ns, out_);
                    return stage_.ready();
                });
            }
        }
        stage_.finish(now_ns_, out_);
        const double taken_s = processor_s() - begun_s - waited_s;
        wait([&] { return stage_.ready() && frames().used() == 0; });
        return taken_s;
    }

    /// The second half, until the first is closed: seconds of processor time, waits excluded.
    void run_second() {
        std::int64_t now_ns = 0;
        while (!frames().done()) {
            const double begun_s = processor_s();
            if (frames().step(out_) > 0) {
                second_s_.set(second_s_.value() + processor_s() - begun_s);
            } else {
                std::this_thread::yield();
            }
            frames().poll(now_ns += packet_ns);
        }
        frames().poll(now_ns + 1'000'000'000);
    }

    /// Samples a second of the half that takes longer.
    double rate(std::size_t samples, double seconds) {
        run_once(); // not measured: the receiver is made
        const double before_s = second_s_.value();
        std::size_t times = 0;
        double first_s = 0.0;
        do {
            first_s += run_once();
            ++times;
        } while (first_s < seconds);
        return static_cast<double>(samples * times) /
               std::max(first_s, second_s_.value() - before_s);
    }

  private:
    carrier_stage stage_;
    std::span<const std::vector<std::uint8_t>> packets_;
    delivery::output out_{.take = no_buffer, .commit = no_packet};
    std::int64_t now_ns_ = 0;
    base::gauge<double> second_s_;
};

} // namespace

cores_rates measure_cores(const config::mission& mission,
                          std::span<const std::vector<std::uint8_t>> packets, std::size_t samples,
                          double seconds) {
    cores_rates rates;
    runner one(mission, packets);
    rates.one = one.rate(samples, seconds);
    runner two(mission, packets);
    two.frames().put_behind_ring();
    {
        const std::jthread second([&] { two.run_second(); });
        rates.two = two.rate(samples, seconds);
        two.frames().close();
    }
    const framing::deframer_totals frames = two.frames().view().status.frames;
    return frames.good + frames.fill > 0 ? rates : cores_rates{};
}

} // namespace landfall::app
