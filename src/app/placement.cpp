// SPDX-License-Identifier: MIT
#include "app/placement.h"

#include "app/decoding.h"
#include "app/demodulation.h"
#include "app/difi_packetiser.h"
#include "app/downlink.h"
#include "wire/iq_stream.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace landfall::app {
namespace {

using std::chrono::steady_clock;

constexpr double measured_symbols = 48'000; // of which the first half is for finding the carrier
constexpr double measured_es_n0_db = 10.0;
constexpr double guessed_s_per_symbol = 1e-7; // of what cannot be simulated
constexpr std::uint32_t stream_id = 1;

struct recorded {
    std::vector<std::vector<std::uint8_t>> packets;
    double seconds = 0.0;
};

recorded packets_of(const config::mission& mission, double sample_rate_hz) {
    downlink_config config;
    config.mission = mission;
    config.seconds = measured_symbols / mission.wave.symbol_rate_hz;
    config.sample_rate_hz = sample_rate_hz;
    config.channel.es_n0_db = measured_es_n0_db;
    config.channel.frequency_offset_hz = mission.receiving.expected_offset_hz;
    recorded made;
    const auto signal = downlink::create(config);
    if (!signal) {
        return made;
    }
    difi_packetiser packetiser({.stream_id = stream_id,
                                .bits = 8,
                                .sample_rate_hz = (*signal)->sample_rate_hz(),
                                .start = config.start});
    auto keep = [&](const base::timestamp&, base::octets packet) -> base::result<void> {
        made.packets.emplace_back(packet.begin(), packet.end());
        return {};
    };
    auto ignore = [](const framing::delivered_frame&) {};
    for (bool more = true; more;) {
        const auto samples = (*signal)->next(ignore);
        more = !samples.empty();
        static_cast<void>(packetiser.push(samples, !more, keep));
    }
    made.seconds = static_cast<double>((*signal)->samples()) / (*signal)->sample_rate_hz();
    return made;
}

/// Seconds that the second half of `count` steps takes.
template <class Step>
double half_time_of(std::size_t count, Step&& step) {
    auto begun = steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) {
        if (i == count / 2) {
            begun = steady_clock::now();
        }
        step(i);
    }
    return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

} // namespace

carrier_cost measure_cost(const config::mission& mission, double sample_rate_hz) {
    const recorded signal = packets_of(mission, sample_rate_hz);
    const auto& packets = signal.packets;
    const double half_s = signal.seconds / 2;
    demodulation first({.mission = mission});
    std::vector<chain_record> records;
    wire::iq_stream stream({.stream_id = stream_id});
    bool fits = !packets.empty();
    const auto step = [&](std::size_t i) {
        const auto packet = wire::parse_difi(packets[i]);
        if (!packet) {
            return;
        }
        stream.push(*packet, [&](const wire::iq_block& block) {
            fits = fits && first.unsupported(block.sample_rate_hz) == nullptr;
            if (fits) {
                first.push(block, [&](const chain_record& one) { records.push_back(one); });
            }
        });
    };
    carrier_cost cost;
    cost.demodulation = half_time_of(packets.size(), step) / half_s;
    first.finish([&](const chain_record& one) { records.push_back(one); });
    decoding second(mission);
    auto frame = [](const framing::delivered_frame&) {};
    auto packet = [](const framing::delivered_packet&) {};
    cost.decoding = half_time_of(records.size(),
                                 [&](std::size_t i) {
                                     second.take(records[i], {.frame = frame, .packet = packet});
                                 }) /
                    half_s;
    if (!fits || second.status().frames.good + second.status().frames.fill == 0) {
        cost.demodulation = cost.decoding =
            0.5 * guessed_s_per_symbol * mission.wave.symbol_rate_hz;
    }
    return cost;
}

std::size_t spare_io_lcores(const config::gateway& settings) noexcept {
    const std::size_t lcores = settings.lcores.io.size();
    return lcores > settings.ports.size() ? lcores - settings.ports.size() : 0;
}

bool has_carriers(const config::gateway& settings, const config::port_settings& port) noexcept {
    return std::any_of(settings.carriers.begin(), settings.carriers.end(),
                       [&](const auto& carrier) { return carrier.port == port.name; });
}

std::vector<carrier_place> place(std::span<const carrier_to_place> carriers, std::size_t lcores) {
    struct part {
        std::size_t carrier;
        double cost;
        bool demodulates, decodes;
    };
    std::vector<part> parts;
    for (std::size_t i = 0; i < carriers.size(); ++i) {
        const carrier_to_place& one = carriers[i];
        const bool spread =
            lcores > 1 && (one.lcores == 2 || (one.lcores == 0 && one.cost.both() > most_of_lcore));
        if (spread) {
            parts.push_back({i, one.cost.demodulation, true, false});
            parts.push_back({i, one.cost.decoding, false, true});
        } else {
            parts.push_back({i, one.cost.both(), true, true});
        }
    }
    std::sort(parts.begin(), parts.end(), [](const part& a, const part& b) {
        return a.cost > b.cost || (a.cost == b.cost && a.carrier < b.carrier);
    });
    std::vector<double> load(lcores, 0.0);
    std::vector<std::optional<std::size_t>> taken(carriers.size()); // by the other half
    std::vector<carrier_place> placed(carriers.size());
    for (const part& one : parts) {
        std::optional<std::size_t> best;
        for (std::size_t at = 0; at < lcores; ++at) {
            if (at != taken[one.carrier] && (!best || load[at] < load[*best])) {
                best = at;
            }
        }
        load[*best] += one.cost;
        taken[one.carrier] = *best;
        if (one.demodulates) {
            placed[one.carrier].demodulation = *best;
        }
        if (one.decodes) {
            placed[one.carrier].decoding = *best;
        }
    }
    return placed;
}

} // namespace landfall::app
