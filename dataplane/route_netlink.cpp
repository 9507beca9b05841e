// SPDX-License-Identifier: MIT
#include "dataplane/route_netlink.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace landfall::dataplane {

/// A request in the making, and then the answer.
class route_netlink::message {
  public:
    template <class Body>
    message(std::uint16_t type, std::uint16_t flags, const Body& body) noexcept {
        head_.nlmsg_type = type;
        head_.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        append(&head_, sizeof head_);
        append(&body, sizeof body);
    }

    template <class Value>
    void add(std::uint16_t type, const Value& value) noexcept {
        add(type, &value, sizeof value);
    }
    void add(std::uint16_t type, const base::ip_address& address) noexcept {
        add(type, address.octet.data(), address.size());
    }
    /// One that holds others; returns what `end` needs.
    [[nodiscard]] std::size_t begin(std::uint16_t type) noexcept {
        const std::size_t at = size_;
        add(static_cast<std::uint16_t>(type | NLA_F_NESTED), nullptr, 0);
        return at;
    }
    void end(std::size_t at) noexcept {
        const auto octets = static_cast<std::uint16_t>(size_ - at);
        std::memcpy(buffer_.data() + at, &octets, sizeof octets);
    }

    [[nodiscard]] bool send(int handle) noexcept {
        head_.nlmsg_len = static_cast<std::uint32_t>(size_);
        std::memcpy(buffer_.data(), &head_, sizeof head_);
        return ::send(handle, buffer_.data(), size_, 0) == static_cast<ssize_t>(size_);
    }
    /// The kernel's error number, where the answer is no other one.
    [[nodiscard]] int receive(int handle) noexcept {
        const ssize_t got = recv(handle, buffer_.data(), buffer_.size(), 0);
        size_ = got < 0 ? 0 : static_cast<std::size_t>(got);
        if (size_ < sizeof head_) {
            return got < 0 ? errno : EPROTO;
        }
        std::memcpy(&head_, buffer_.data(), sizeof head_);
        if (head_.nlmsg_type != NLMSG_ERROR) {
            return 0;
        }
        int error = -EPROTO;
        if (size_ >= sizeof head_ + sizeof error) {
            std::memcpy(&error, buffer_.data() + sizeof head_, sizeof error);
        }
        return -error;
    }
    /// The number of this type among the answer's attributes, or 0.
    [[nodiscard]] std::uint32_t number(std::uint16_t type, std::size_t body_octets) const noexcept {
        std::size_t at = NLMSG_ALIGN(sizeof head_) + NLMSG_ALIGN(body_octets);
        rtattr one{};
        while (at + sizeof one <= size_) {
            std::memcpy(&one, buffer_.data() + at, sizeof one);
            std::uint32_t value = 0;
            if (one.rta_len < sizeof one || at + one.rta_len > size_) {
                break;
            }
            if (one.rta_type == type && one.rta_len == sizeof one + sizeof value) {
                std::memcpy(&value, buffer_.data() + at + sizeof one, sizeof value);
                return value;
            }
            at += NLMSG_ALIGN(one.rta_len);
        }
        return 0;
    }

  private:
    void add(std::uint16_t type, const void* value, std::size_t octets) noexcept {
        const rtattr attribute{static_cast<std::uint16_t>(sizeof(rtattr) + octets), type};
        append(&attribute, sizeof attribute);
        append(value, octets);
    }
    /// Everything that is asked here has room.
    void append(const void* value, std::size_t octets) noexcept {
        if (octets > 0) {
            std::memcpy(buffer_.data() + size_, value, octets);
        }
        size_ = NLMSG_ALIGN(size_ + octets);
    }

    nlmsghdr head_{};
    std::size_t size_ = 0;
    alignas(nlmsghdr) std::array<std::uint8_t, 4096> buffer_{};
};

namespace {

constexpr std::uint8_t family_of(const base::ip_address& address) noexcept {
    return address.v6 ? AF_INET6 : AF_INET;
}

} // namespace

route_netlink::route_netlink() noexcept
    : handle_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
    // The kernel answers within the call that asks; this is for one that does not.
    const timeval patience{.tv_sec = 2, .tv_usec = 0};
    setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

route_netlink::~route_netlink() {
    if (handle_ >= 0) {
        close(handle_);
    }
}

int route_netlink::ask(message& request) noexcept {
    if (handle_ < 0 || !request.send(handle_)) {
        return errno;
    }
    return request.receive(handle_);
}

int route_netlink::add_address(unsigned interface, const base::ip_prefix& address) noexcept {
    const ifaddrmsg body{.ifa_family = family_of(address.address),
                         .ifa_prefixlen = address.length,
                         .ifa_flags = 0,
                         .ifa_scope = RT_SCOPE_UNIVERSE,
                         .ifa_index = interface};
    message request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body);
    request.add(IFA_LOCAL, address.address);
    request.add(IFA_ADDRESS, address.address);
    // Nobody else can have an IPv6 address at the host's end of a tunnel.
    request.add(IFA_FLAGS,
                std::uint32_t{IFA_F_NOPREFIXROUTE} | (address.address.v6 ? IFA_F_NODAD : 0U));
    return ask(request);
}

int route_netlink::no_link_local(unsigned interface) noexcept {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    message request(RTM_NEWLINK, NLM_F_ACK, body);
    const std::size_t families = request.begin(IFLA_AF_SPEC);
    const std::size_t ipv6 = request.begin(AF_INET6);
    request.add(IFLA_INET6_ADDR_GEN_MODE, std::uint8_t{IN6_ADDR_GEN_MODE_NONE});
    request.end(ipv6);
    request.end(families);
    return ask(request);
}

int route_netlink::add_route(unsigned interface, const base::ip_prefix& to,
                             const base::ip_address& source) noexcept {
    rtmsg body{};
    body.rtm_family = family_of(to.address);
    body.rtm_dst_len = to.length;
    body.rtm_table = RT_TABLE_MAIN;
    body.rtm_protocol = RTPROT_STATIC;
    body.rtm_scope = to.address.v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    body.rtm_type = RTN_UNICAST;
    message request(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body);
    request.add(RTA_DST, to.address);
    request.add(RTA_OIF, std::uint32_t{interface});
    request.add(RTA_PREFSRC, source);
    return ask(request);
}

unsigned route_netlink::interface_to(const base::ip_address& address) noexcept {
    rtmsg body{};
    body.rtm_family = family_of(address);
    body.rtm_dst_len = static_cast<std::uint8_t>(8 * address.size());
    message request(RTM_GETROUTE, 0, body);
    request.add(RTA_DST, address);
    return ask(request) == 0 ? request.number(RTA_OIF, sizeof body) : 0;
}

} // namespace landfall::dataplane
