// SPDX-License-Identifier: MIT
#include "crypto/allowed_ips.h"

#include "base/bytes.h"

#include <algorithm>
#include <tuple>

namespace landfall::crypto {

allowed_ips::key allowed_ips::key_of(const base::ip_address& address) noexcept {
    base::byte_reader reader(address.octet); // what is after IPv4's 4 octets is 0
    const std::uint64_t high = reader.u64();
    return {high, reader.u64()};
}

allowed_ips::table allowed_ips::build(std::span<const allowed_ip> entries, bool v6) {
    struct span_of {
        key first;
        key last;
        std::uint8_t length;
        std::size_t order;
        std::uint16_t peer;
    };
    std::vector<span_of> spans;
    for (const allowed_ip& entry : entries) {
        if (entry.prefix.address.v6 != v6) {
            continue;
        }
        const base::ip_prefix net = entry.prefix.network();
        const auto mask = [](unsigned bits) { // the bits after a prefix of so many
            return bits >= 64 ? std::uint64_t{0} : ~std::uint64_t{0} >> bits;
        };
        const unsigned length = net.length;
        const key first = key_of(net.address);
        spans.push_back(
            {first,
             {first.high | mask(length), first.low | mask(length > 64 ? length - 64 : 0)},
             net.length,
             spans.size(),
             entry.peer});
    }
    // A wide prefix comes before those that are in it.
    std::sort(spans.begin(), spans.end(), [](const span_of& one, const span_of& other) {
        return std::tie(one.first, one.length, one.order) <
               std::tie(other.first, other.length, other.order);
    });
    table made;
    const auto from = [&made](const key& at, std::uint16_t peer) {
        if (!made.empty() && made.back().first == at) {
            made.back().peer = peer;
        } else {
            made.push_back({at, peer});
        }
    };
    std::vector<span_of> open;
    const auto close = [&] {
        const key last = open.back().last;
        open.pop_back();
        if (last != key{~std::uint64_t{0}, ~std::uint64_t{0}}) {
            const key after{last.high + (last.low == ~std::uint64_t{0} ? 1 : 0), last.low + 1};
            from(after, open.empty() ? no_peer : open.back().peer);
        }
    };
    for (const span_of& one : spans) {
        while (!open.empty() && open.back().last < one.first) {
            close();
        }
        open.push_back(one);
        from(one.first, one.peer);
    }
    while (!open.empty()) {
        close();
    }
    return made;
}

allowed_ips::allowed_ips(std::span<const allowed_ip> entries)
    : v4_(build(entries, false)), v6_(build(entries, true)) {}

std::uint16_t allowed_ips::find(const base::ip_address& address) const noexcept {
    const table& ranges = address.v6 ? v6_ : v4_;
    const auto after =
        std::upper_bound(ranges.begin(), ranges.end(), key_of(address),
                         [](const key& at, const range& one) { return at < one.first; });
    return after == ranges.begin() ? no_peer : std::prev(after)->peer;
}

} // namespace landfall::crypto
