// SPDX-License-Identifier: MIT
#include "dataplane/kernel_interface.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <memory>

namespace landfall::dataplane {
namespace {

/// An interface request, answered in `request`.
bool ask(const std::string& name, unsigned long what, ifreq& request) noexcept {
    if (name.empty() || name.size() >= IFNAMSIZ) {
        return false;
    }
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    const int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool done = handle >= 0 && ioctl(handle, what, &request) == 0;
    const int why = errno;
    if (handle >= 0) {
        close(handle);
    }
    errno = why;
    return done;
}

} // namespace

unsigned interface_index(const std::string& name) noexcept {
    return if_nametoindex(name.c_str());
}

bool interface_running(const std::string& name) noexcept {
    ifreq request{};
    constexpr int wanted = IFF_UP | IFF_RUNNING;
    return ask(name, SIOCGIFFLAGS, request) && (request.ifr_flags & wanted) == wanted;
}

std::optional<unsigned> interface_mtu(const std::string& name) noexcept {
    ifreq request{};
    if (!ask(name, SIOCGIFMTU, request)) {
        return {};
    }
    return static_cast<unsigned>(request.ifr_mtu);
}

bool set_interface_mtu(const std::string& name, std::uint16_t mtu) noexcept {
    ifreq request{};
    request.ifr_mtu = mtu;
    return ask(name, SIOCSIFMTU, request);
}

std::optional<std::string> interface_with(const base::ip_address& address) {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) {
        return {};
    }
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
    const int family = address.v6 ? AF_INET6 : AF_INET;
    const std::size_t at =
        address.v6 ? offsetof(sockaddr_in6, sin6_addr) : offsetof(sockaddr_in, sin_addr);
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != family) {
            continue;
        }
        base::ip_address has{};
        has.v6 = address.v6;
        std::memcpy(has.octet.data(), reinterpret_cast<const std::uint8_t*>(one->ifa_addr) + at,
                    address.v6 ? 16 : 4);
        if (has == address) {
            return one->ifa_name;
        }
    }
    return {};
}

bool set_interface_up(const std::string& name) noexcept {
    ifreq request{};
    if (!ask(name, SIOCGIFFLAGS, request)) {
        return false;
    }
    const bool is_up = (request.ifr_flags & IFF_UP) != 0;
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    return is_up || ask(name, SIOCSIFFLAGS, request);
}

bool ipv6_disabled(const std::string& name) {
    char disabled = '1'; // also where there is no IPv6 at all
    std::ifstream("/proc/sys/net/ipv6/conf/" + name + "/disable_ipv6") >> disabled;
    return disabled != '0';
}

} // namespace landfall::dataplane
