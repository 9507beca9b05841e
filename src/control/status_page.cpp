// SPDX-License-Identifier: MIT
#include "control/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <tuple>
#include <utility>

namespace landfall::control {
namespace {

using lines = std::vector<page_line>;
using row = std::vector<std::string>;

constexpr double soon_full_s = 3600;
constexpr std::size_t drops_where_cut = 5; // where the page does not fit

std::size_t characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// Names may come from anywhere: they do not move a terminal's cursor.
std::string printable(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return (static_cast<unsigned char>(c) < 0x20) || c == 0x7F; }, '?');
    return text;
}

/// A table whose columns are as wide as they must be. A column's heading that begins with '>' has
/// its values to the right.
class table {
  public:
    table(std::initializer_list<const char*> headings) {
        row& first = rows_.emplace_back();
        for (const char* heading : headings) {
            right_.push_back(*heading == '>');
            first.emplace_back(heading + (*heading == '>' ? 1 : 0));
        }
    }

    void add(row cells, line_kind kind = line_kind::plain) {
        for (std::string& cell : cells) {
            cell = printable(std::move(cell));
        }
        rows_.push_back(std::move(cells));
        kinds_.push_back(kind);
    }

    /// Nothing, if no row was added; else a blank line first.
    void append_to(lines& page) const {
        if (kinds_.empty()) {
            return;
        }
        std::vector<std::size_t> widths(right_.size());
        for (const row& cells : rows_) {
            for (std::size_t i = 0; i < cells.size(); ++i) {
                widths[i] = std::max(widths[i], characters(cells[i]));
            }
        }
        page.emplace_back();
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            std::string text;
            for (std::size_t i = 0; i < rows_[r].size(); ++i) {
                const std::string pad(widths[i] - characters(rows_[r][i]), ' ');
                text += (i == 0 ? "" : "  ") + (right_[i] ? pad + rows_[r][i] : rows_[r][i] + pad);
            }
            text.erase(text.find_last_not_of(' ') + 1);
            page.push_back({std::move(text), r == 0 ? line_kind::heading : kinds_[r - 1]});
        }
    }

  private:
    std::vector<bool> right_;
    std::vector<row> rows_;
    std::vector<line_kind> kinds_; ///< of all rows but the first
};

std::string text(std::uint64_t value) {
    return std::to_string(value);
}

/// "12.3 M"; the unit follows.
std::string scaled(double value) {
    constexpr std::array prefixes{"", "k", "M", "G", "T", "P"};
    std::size_t at = 0;
    for (; std::abs(value) >= 999.5 && at + 1 < prefixes.size(); ++at) {
        value /= 1000;
    }
    return at == 0 ? fmt::format("{:.0f} ", value) : fmt::format("{:.3g} {}", value, prefixes[at]);
}

std::string bytes(std::uint64_t count) {
    return scaled(static_cast<double>(count)) + "B";
}

std::string duration(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 1e12));
    const std::string clock =
        fmt::format("{:02}:{:02}:{:02}", whole / 3600 % 24, whole / 60 % 60, whole % 60);
    return whole < 86'400 ? clock : fmt::format("{} d {}", whole / 86'400, clock);
}

std::string age(std::int64_t then_unix_s, double now_unix_s) {
    if (then_unix_s == 0) {
        return "never";
    }
    const double seconds = std::max(now_unix_s - static_cast<double>(then_unix_s), 0.0);
    return seconds < 600 ? fmt::format("{:.0f} s ago", seconds) : duration(seconds) + " ago";
}

/// What is shown of two snapshots. Without an earlier one, or from before a restart: no rates.
struct view {
    const snapshot& now;
    const snapshot* before;
    double seconds; ///< between the two

    view(const snapshot& newest, const snapshot* earlier)
        : now(newest), before(earlier),
          seconds(earlier == nullptr ? 0 : newest.taken_unix_s - earlier->taken_unix_s) {
        if (before != nullptr && (before->start_unix_s != now.start_unix_s || seconds <= 0)) {
            before = nullptr;
        }
    }

    /// The thing as it was before.
    template <class Thing>
    static const Thing* earlier(const std::vector<Thing>& all, const Thing& of) {
        const auto found = std::ranges::find(all, of.name, &Thing::name);
        return found == all.end() ? nullptr : &*found;
    }

    [[nodiscard]] std::string bit_rate(std::uint64_t newer, std::uint64_t older) const {
        const double change = newer < older ? 0.0 : static_cast<double>(newer - older);
        return scaled(change * 8 / seconds) + "bit/s";
    }
};

/// Without a minus before nothing.
std::string hertz(double value) {
    return fmt::format("{:+.0f} Hz", std::nearbyint(value) + 0.0);
}

struct dropped {
    std::string where;
    std::string reason;
    std::uint64_t count = 0;
};

/// All that are not zero, the largest first.
std::vector<dropped> drops_of(const snapshot& now) {
    std::vector<dropped> drops;
    const auto add = [&](const std::string& where, const named_counts& counts) {
        for (const named_count& one : counts) {
            if (one.count > 0) {
                drops.push_back({where, one.name, one.count});
            }
        }
    };
    for (const port_state& one : now.ports) {
        add("port " + one.name, one.drops);
    }
    for (const ring_state& one : now.rings) {
        add("ring " + one.name, {{"full", one.full}});
    }
    for (const carrier_state& one : now.carriers) {
        add("iq " + one.name, one.iq.invalid);
        add("frames " + one.name, one.frames.refused);
        add("packets " + one.name, one.frames.lost_packets);
    }
    for (const route_state& one : now.routes) {
        add("route " + one.route, one.drops);
    }
    for (const tenant_state& one : now.tenants) {
        named_counts lost = one.removed;
        std::erase_if(lost, [](const named_count& why) { return why.name == "acknowledged"; });
        add("spool " + one.name, lost);
    }
    add("tunnel, out", now.tunnel.drops);
    add("tunnel, in", now.tunnel.rejects);
    std::ranges::sort(drops, [](const dropped& a, const dropped& b) {
        return std::tie(b.count, a.where, a.reason) < std::tie(a.count, b.where, b.reason);
    });
    return drops;
}

void add_head(lines& page, const view& v) {
    const snapshot& now = v.now;
    const std::string revision =
        now.build.revision.empty() ? "" : fmt::format(" ({})", now.build.revision);
    page.push_back({printable(fmt::format("gateway {}   up {}   version {}{}", now.gateway,
                                          duration(now.taken_unix_s - now.start_unix_s),
                                          now.build.version, revision)),
                    line_kind::heading});
    page.push_back({printable(
        fmt::format("configuration {}generation {}",
                    now.config.sha256.empty() ? "" : now.config.sha256.substr(0, 12) + ", ",
                    now.config.generation))});
    if (!now.config.last_load_successful) {
        page.push_back({"the configuration last offered was rejected", line_kind::alarm});
    }
    if (now.tunnel.under_load) {
        page.push_back({"the tunnel is under load: handshakes are answered with cookies only",
                        line_kind::alarm});
    }
}

/// What an operator looks for first, in one line.
void add_summary(lines& page, const snapshot& now, const std::vector<dropped>& drops) {
    std::uint64_t locked = 0;
    std::uint64_t missing = 0;
    std::uint64_t bad = 0;
    std::uint64_t lost = 0;
    std::uint64_t all_drops = 0;
    const auto silent = std::ranges::count_if(
        now.tunnel.peers, [](const peer_state& one) { return one.silent_s > 0; });
    for (const carrier_state& one : now.carriers) {
        locked += one.locked ? 1U : 0U;
        missing += one.frames.missing;
        bad += one.frames.bad;
        lost += one.iq.lost_packets;
    }
    for (const dropped& one : drops) {
        all_drops += one.count;
    }
    const bool well =
        locked == now.carriers.size() && missing + bad + lost + all_drops == 0 && silent == 0;
    page.push_back({fmt::format("locked {} of {}   frames missing {}, bad {}   IQ lost {}   "
                                "dropped {}{}",
                                locked, now.carriers.size(), missing, bad, lost, all_drops,
                                silent == 0 ? "" : fmt::format("   peers silent {}", silent)),
                    well ? line_kind::plain : line_kind::alarm});
}

void add_ports(lines& page, const view& v) {
    table ports{"PORT", "LINK", ">RX PACKETS", ">RX", ">TX PACKETS", ">TX", ">NEIGHBOURS"};
    for (const port_state& one : v.now.ports) {
        const port_state* old = v.before == nullptr ? nullptr : view::earlier(v.before->ports, one);
        const auto amount = [&](const traffic& all, const traffic& then) {
            return old == nullptr ? bytes(all.bytes) : v.bit_rate(all.bytes, then.bytes);
        };
        ports.add(
            {one.name, one.up ? "up" : "down", text(one.received.packets),
             amount(one.received, old == nullptr ? traffic{} : old->received),
             text(one.transmitted.packets),
             amount(one.transmitted, old == nullptr ? traffic{} : old->transmitted),
             one.neighbours_known + one.neighbours_unresolved == 0 ? std::string("-")
             : one.neighbours_unresolved == 0
                 ? text(one.neighbours_known)
                 : fmt::format("{} ({} silent)", one.neighbours_known, one.neighbours_unresolved)},
            one.up ? line_kind::plain : line_kind::alarm);
    }
    ports.append_to(page);
}

void add_carriers(lines& page, const view& v) {
    table carriers{"CARRIER",  "STATE", ">ES/N0",     ">GOOD",   ">MISSING", ">BAD",
                   ">IQ LOST", ">FILL", ">CORRECTED", ">OFFSET", ">EVM",     "MISSION"};
    for (const carrier_state& one : v.now.carriers) {
        const auto estimate = [&](std::string value) { return one.locked ? value : "-"; };
        const bool well =
            one.locked && one.frames.missing + one.frames.bad + one.iq.lost_packets == 0;
        carriers.add({one.name,
                      one.behind   ? "behind"
                      : one.locked ? "locked"
                                   : "searching",
                      estimate(fmt::format("{:.1f} dB", one.es_n0_db)), text(one.frames.good),
                      text(one.frames.missing), text(one.frames.bad), text(one.iq.lost_packets),
                      text(one.frames.fill), text(one.frames.corrected),
                      estimate(hertz(one.frequency_offset_hz)),
                      estimate(fmt::format("{:.0f} %", one.evm_percent)), one.mission},
                     well ? line_kind::plain : line_kind::alarm);
    }
    carriers.append_to(page);
}

void add_channels(lines& page, const snapshot& now) {
    table channels{"CARRIER", ">SPACECRAFT", ">VCID", ">MISSING", ">FRAMES", ">FILL", ">PACKETS"};
    for (const carrier_state& one : now.carriers) {
        for (const virtual_channel_state& channel : one.channels) {
            channels.add({one.name, std::to_string(channel.spacecraft_id),
                          std::to_string(channel.vcid), text(channel.missing), text(channel.frames),
                          text(channel.fill), text(channel.packets)},
                         channel.missing == 0 ? line_kind::plain : line_kind::alarm);
        }
    }
    channels.append_to(page);
}

void add_tunnel(lines& page, const view& v) {
    table peers{"PEER", "ENDPOINT", ">HANDSHAKE", ">RX PACKETS", ">RX", ">TX PACKETS", ">TX"};
    for (const peer_state& one : v.now.tunnel.peers) {
        const peer_state* old =
            v.before == nullptr ? nullptr : view::earlier(v.before->tunnel.peers, one);
        const auto amount = [&](const traffic& all, const traffic& then) {
            return old == nullptr ? bytes(all.bytes) : v.bit_rate(all.bytes, then.bytes);
        };
        peers.add({one.name, one.endpoint.empty() ? "unknown" : one.endpoint,
                   one.silent_s > 0 ? fmt::format("no answer for {:.0f} s", one.silent_s)
                                    : age(one.last_handshake_unix_s, v.now.taken_unix_s),
                   text(one.received.packets),
                   amount(one.received, old == nullptr ? traffic{} : old->received),
                   text(one.transmitted.packets),
                   amount(one.transmitted, old == nullptr ? traffic{} : old->transmitted)},
                  one.last_handshake_unix_s == 0 || one.silent_s > 0 ? line_kind::alarm
                                                                     : line_kind::plain);
    }
    peers.append_to(page);
    if (const host_state& host = v.now.tunnel.host; !host.interface_name.empty()) {
        table kernel{"HOST", ">RX PACKETS", ">RX", ">TX PACKETS", ">TX"};
        kernel.add({host.interface_name, text(host.received.packets), bytes(host.received.bytes),
                    text(host.transmitted.packets), bytes(host.transmitted.bytes)},
                   line_kind::plain);
        kernel.append_to(page);
    }
}

void add_routes(lines& page, const view& v) {
    table routes{"ROUTE", "CARRIER", "PEER", "AS", ">PACKETS", ">BYTES", ">FRAGMENTS"};
    for (const route_state& one : v.now.routes) {
        routes.add({one.route, one.carrier, one.peer, one.payload, text(one.packets),
                    bytes(one.bytes), text(one.fragments)});
    }
    routes.append_to(page);
}

void add_spool(lines& page, const view& v) {
    const snapshot& now = v.now;
    table tenants{"TENANT",  ">SEGMENTS", ">FRAMES", ">BYTES",
                  ">OLDEST", ">FULL IN",  ">KEPT",   ">ACKNOWLEDGED"};
    for (const tenant_state& one : now.tenants) {
        const auto acknowledged =
            std::ranges::find(one.removed_frames, "acknowledged", &named_count::name);
        const bool well = one.seconds_to_full > soon_full_s && one.aside == 0;
        tenants.add({one.name, text(one.segments), text(one.frames), bytes(one.bytes),
                     one.segments == 0 ? "-" : duration(static_cast<double>(one.oldest_s)),
                     std::isinf(one.seconds_to_full) ? "-" : duration(one.seconds_to_full),
                     text(one.durable_frames),
                     text(acknowledged == one.removed_frames.end() ? 0 : acknowledged->count)},
                    well ? line_kind::plain : line_kind::alarm);
    }
    tenants.append_to(page);
    if (const publisher_state& to = now.publisher; to.enabled) {
        page.push_back(
            {printable(fmt::format("published {} to {}", bytes(to.bytes),
                                   to.ready       ? to.server
                                   : to.connected ? to.server + ", which has no such stream"
                                                  : "no server: none answers")),
             to.ready ? line_kind::plain : line_kind::alarm});
    }
    if (const ledger_state& to = now.ledger; to.enabled) {
        page.push_back(
            {printable(to.open ? fmt::format("ledger {}: {} entries signed, {} wait", to.origin,
                                             to.entries, to.waiting)
                               : fmt::format("ledger: not open, {} entries wait", to.waiting)),
             to.open && to.lost == 0 ? line_kind::plain : line_kind::alarm});
    }
}

void add_lcores(lines& page, const view& v) {
    table lcores{">LCORE", "ROLE", ">BUSY", ">LONGEST GAP"};
    for (const lcore_state& one : v.now.lcores) {
        lcore_state old;
        if (v.before != nullptr) {
            const auto found = std::ranges::find(v.before->lcores, one.id, &lcore_state::id);
            old = found == v.before->lcores.end() || found->cycles > one.cycles ? old : *found;
        }
        const double cycles = static_cast<double>(one.cycles - old.cycles);
        const double busy = static_cast<double>(one.busy_cycles - old.busy_cycles);
        lcores.add({std::to_string(one.id), one.role,
                    cycles > 0 ? fmt::format("{:.0f} %", 100 * busy / cycles) : "-",
                    fmt::format("{:.3f} ms", one.stall_s * 1e3)});
    }
    lcores.append_to(page);
}

/// At most so many of them, and how many are not shown.
void add_drops(lines& page, const std::vector<dropped>& drops, std::size_t most) {
    table shown{"DROPPED AT", "REASON", ">COUNT"};
    for (const dropped& one : std::span(drops).first(std::min(most, drops.size()))) {
        shown.add({one.where, one.reason, text(one.count)}, line_kind::alarm);
    }
    shown.append_to(page);
    if (drops.size() > most) {
        page.push_back(
            {fmt::format("and for {} other reasons", drops.size() - most), line_kind::alarm});
    }
}

/// In the order in which an operator looks at them.
lines whole_page(const view& v, std::size_t most_drops) {
    const std::vector<dropped> drops = drops_of(v.now);
    lines page;
    add_head(page, v);
    add_summary(page, v.now, drops);
    add_carriers(page, v);
    add_drops(page, drops, most_drops);
    add_tunnel(page, v);
    add_ports(page, v);
    add_routes(page, v);
    add_spool(page, v);
    add_lcores(page, v);
    add_channels(page, v.now);
    return page;
}

} // namespace

std::vector<page_line> status_page(const snapshot& now, const snapshot* before, std::size_t rows) {
    const view v(now, before);
    lines page = whole_page(v, SIZE_MAX);
    if (page.size() > rows) {
        page = whole_page(v, drops_where_cut);
    }
    if (page.size() > rows && rows > 0) {
        const std::size_t hidden = page.size() - rows + 1;
        page.resize(rows - 1);
        page.push_back({fmt::format("... {} more lines: `landfall status` shows all", hidden),
                        line_kind::heading});
    }
    return page;
}

} // namespace landfall::control
