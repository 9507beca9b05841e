// SPDX-License-Identifier: MIT
#include "app/durable_intake.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace landfall::app {
namespace {

constexpr double ring_s = 4.0; // of the carrier's bits, while a disk makes the spool wait
constexpr double most_bits_per_symbol = 2.0; // after decoding
constexpr std::size_t least_ring_octets = std::size_t{1} << 20U;
constexpr std::size_t most_ring_octets = std::size_t{64} << 20U;

bool names(const std::vector<std::string>& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
}

} // namespace

/// Of a message in the ring; the octets follow.
struct durable_intake::head {
    base::timestamp time;
    double es_n0_db = std::numeric_limits<double>::quiet_NaN();
    std::uint64_t sequence = 0;
    std::uint64_t missing = 0;
    std::uint32_t route = 0;
    std::uint16_t spacecraft_id = 0;
    std::uint8_t vcid = 0;
    bool time_known = false;
    bool corrected = false;
    bool fill = false;
};

const char* name(intake_drop why) noexcept {
    return why == intake_drop::ring_full ? "ring_full" : "too_long";
}

durable_intake::durable_intake(std::uint16_t carrier, std::vector<intake_route> routes,
                               std::size_t ring_octets)
    : carrier_(carrier), routes_(std::move(routes)), sequence_(routes_.size(), 0),
      counters_(std::make_unique<intake_counters[]>(routes_.size())), ring_(ring_octets) {}

std::unique_ptr<durable_intake> durable_intake::of(const config::gateway& settings,
                                                   std::size_t carrier) {
    const config::carrier_settings& from = settings.carriers[carrier];
    std::vector<intake_route> routes;
    for (std::size_t i = 0; i < settings.routes.size(); ++i) {
        const config::route_settings& one = settings.routes[i];
        if (!one.durable || !(one.carrier.empty() || names(one.carrier, from.name))) {
            continue;
        }
        const auto tenant =
            std::ranges::find(settings.tenants, one.tenant, &config::tenant_settings::name);
        routes.push_back({.route = i,
                          .tenant = static_cast<std::size_t>(tenant - settings.tenants.begin()),
                          .as = one.as == config::payload::packets ? delivery::content::packets
                                                                   : delivery::content::frames,
                          .fill = one.fill,
                          .selected = {one.vcid, one.spacecraft_id, one.apid}});
    }
    if (routes.empty()) {
        return nullptr;
    }
    const double octets = static_cast<double>(routes.size()) * ring_s * most_bits_per_symbol *
                          from.mission.wave.symbol_rate_hz / 8;
    return std::make_unique<durable_intake>(
        static_cast<std::uint16_t>(carrier), std::move(routes),
        std::clamp(static_cast<std::size_t>(octets), least_ring_octets, most_ring_octets));
}

void durable_intake::put(std::size_t route, head& about, base::octets octets) noexcept {
    about.route = static_cast<std::uint32_t>(route);
    about.sequence = sequence_[route]++; // a gap tells of a drop
    intake_counters& counters = counters_[route];
    const auto* const first = reinterpret_cast<const std::uint8_t*>(&about);
    if (ring_.push({base::octets(first, sizeof about), octets})) {
        counters.kept.add();
        counters.octets.add(octets.size());
    } else {
        counters.drops[static_cast<std::size_t>(intake_drop::ring_full)].add();
    }
}

void durable_intake::frame(const framing::delivered_frame& one,
                           std::optional<double> es_n0_db) noexcept {
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        const intake_route& to = routes_[i];
        if (to.as != delivery::content::frames || (one.fill && !to.fill) ||
            !to.selected.has(one.spacecraft_id, one.vcid)) {
            continue;
        }
        head about{.time = one.first_bit.time,
                   .missing = one.step.missing,
                   .spacecraft_id = one.spacecraft_id,
                   .vcid = one.vcid,
                   .time_known = one.first_bit.is_known,
                   .corrected = one.corrected,
                   .fill = one.fill};
        if (es_n0_db) {
            about.es_n0_db = *es_n0_db;
        }
        put(i, about, one.octets);
    }
}

void durable_intake::packet(const framing::delivered_packet& one,
                            std::optional<double> es_n0_db) noexcept {
    if (one.kind != framing::packet_kind::space_packet) {
        return;
    }
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        const intake_route& to = routes_[i];
        if (to.as != delivery::content::packets || !to.selected.has(one.spacecraft_id, one.vcid) ||
            !to.selected.has_apid(one.apid)) {
            continue;
        }
        head about{.time = one.began.time,
                   .spacecraft_id = one.spacecraft_id,
                   .vcid = one.vcid,
                   .time_known = one.began.is_known};
        if (es_n0_db) {
            about.es_n0_db = *es_n0_db;
        }
        put(i, about, one.octets);
    }
}

std::optional<durable_intake::taken> durable_intake::front() noexcept {
    const base::octets message = ring_.front();
    if (message.size() < sizeof(head)) {
        return std::nullopt;
    }
    head about;
    std::memcpy(&about, message.data(), sizeof about);
    taken made;
    made.route = about.route;
    made.what = {.as = routes_[about.route].as,
                 .carrier = carrier_,
                 .spacecraft_id = about.spacecraft_id,
                 .vcid = about.vcid,
                 .receive_time = about.time,
                 .time_known = about.time_known,
                 .corrected = about.corrected,
                 .fill = about.fill,
                 .es_n0_db = {},
                 .sequence = about.sequence,
                 .missing = about.missing,
                 .octets = message.subspan(sizeof about)};
    if (about.es_n0_db == about.es_n0_db) {
        made.what.es_n0_db = about.es_n0_db;
    }
    return made;
}

const intake_counters& durable_intake::counters_of(std::size_t configured) const noexcept {
    const auto found = std::ranges::find(routes_, configured, &intake_route::route);
    return counters_[static_cast<std::size_t>(found - routes_.begin())];
}

} // namespace landfall::app
