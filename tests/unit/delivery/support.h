// SPDX-License-Identifier: MIT
// What the tests of this folder share: a place that packets go to, a plain checksum, addresses.
#pragma once

#include "base/random.h"
#include "delivery/router.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace landfall::delivery {

using octet_vector = std::vector<std::uint8_t>;

struct sent_packet {
    std::uint32_t peer = 0;
    octet_vector octets;
};

/// Keeps what was committed; `free` buffers only. Every buffer has exactly the size asked for, so
/// that tools which watch memory see a write past it.
class sink {
  public:
    template <class Action>
    void run(Action action) {
        const auto take = [this](std::size_t size) -> std::span<std::uint8_t> {
            CHECK(!taken_);
            if (free == 0) {
                return {};
            }
            --free;
            taken_ = true;
            buffer_.assign(size, 0xAA);
            buffer_.shrink_to_fit();
            return buffer_;
        };
        const auto commit = [this](std::uint32_t peer, std::size_t size) {
            CHECK(taken_);
            CHECK(size == buffer_.size());
            taken_ = false;
            packets.push_back({peer, buffer_});
        };
        action(output{take, commit});
        CHECK(!taken_);
    }

    std::size_t free = 1'000'000;
    std::vector<sent_packet> packets;

  private:
    octet_vector buffer_;
    bool taken_ = false;
};

/// RFC 1071, word by word.
inline std::uint16_t plain_sum(base::octets data, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i < data.size(); ++i) {
        sum += i % 2 == 0 ? std::uint32_t{data[i]} << 8U : data[i];
        sum = (sum & 0xFFFFU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(sum);
}

inline octet_vector counting(std::size_t size, std::size_t first = 0) {
    octet_vector octets(size);
    for (std::size_t i = 0; i < size; ++i) {
        octets[i] = static_cast<std::uint8_t>((first + i) % 251);
    }
    return octets;
}

inline octet_vector random_octets(base::random_source& random, std::size_t size) {
    octet_vector octets(size);
    for (std::uint8_t& octet : octets) {
        octet = static_cast<std::uint8_t>(random.bits() >> 56U);
    }
    return octets;
}

inline udp_flow flow_of(const std::string& source, const std::string& destination) {
    return {*base::parse_endpoint(source), *base::parse_endpoint(destination)};
}

inline const udp_flow flow_ipv4 = flow_of("10.77.0.1:50000", "10.77.0.7:50011");
inline const udp_flow flow_ipv6 = flow_of("[fd77::1]:50000", "[fd77::7]:50011");

inline std::uint16_t u16_at(const octet_vector& octets, std::size_t at) {
    return static_cast<std::uint16_t>(octets.at(at) << 8U | octets.at(at + 1));
}

inline octet_vector join(octet_vector one, base::octets other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

inline octet_vector part_of(const octet_vector& octets, std::size_t from) {
    return {octets.begin() + static_cast<std::ptrdiff_t>(from), octets.end()};
}

inline std::uint64_t dropped(const route_counters& counters, drop reason) {
    return counters.drops[static_cast<std::size_t>(reason)].value();
}

inline std::uint64_t dropped(const route_counters& counters) {
    std::uint64_t sum = 0;
    for (const base::counter& one : counters.drops) {
        sum += one.value();
    }
    return sum;
}

/// An IPv4 packet to be forwarded, with a checksum that fits. `options`: a multiple of 4 octets.
struct ipv4_packet {
    octet_vector options{};
    octet_vector payload = counting(100);
    std::uint16_t fragment = 0;
    std::uint8_t ttl = 17;
    std::uint16_t identification = 0x1234;
    std::string source = "10.1.0.1";
    std::string destination = "10.2.0.2";

    [[nodiscard]] octet_vector build() const {
        octet_vector out;
        base::byte_writer writer(out);
        writer.u8(static_cast<std::uint8_t>(0x45 + options.size() / 4));
        writer.u8(0x2E);
        writer.u16(static_cast<std::uint16_t>(20 + options.size() + payload.size()));
        writer.u16(identification);
        writer.u16(fragment);
        writer.u8(ttl);
        writer.u8(253);
        writer.u16(0);
        writer.append(base::parse_ip(source)->bytes());
        writer.append(base::parse_ip(destination)->bytes());
        writer.append(options);
        const auto checksum = static_cast<std::uint16_t>(~plain_sum(out));
        out[10] = static_cast<std::uint8_t>(checksum >> 8U);
        out[11] = static_cast<std::uint8_t>(checksum);
        writer.append(payload);
        return out;
    }
};

inline octet_vector ipv6_packet(std::size_t payload, const std::string& source = "2001:db8::1",
                                const std::string& destination = "2001:db8:1::2",
                                std::uint8_t hop_limit = 17) {
    octet_vector out;
    base::byte_writer writer(out);
    writer.u32(0x6AB1'2345);
    writer.u16(static_cast<std::uint16_t>(payload));
    writer.u8(253);
    writer.u8(hop_limit);
    writer.append(base::parse_ip(source)->bytes());
    writer.append(base::parse_ip(destination)->bytes());
    writer.append(counting(payload));
    return out;
}

} // namespace landfall::delivery
