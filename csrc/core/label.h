/* What AppArmor and SELinux are told about the program that this process becomes next. */
#ifndef SKIFF_CORE_LABEL_H
#define SKIFF_CORE_LABEL_H

#include "error.h"

/* A profile that the kernel has been given before: ENOENT where it has not. */
bool skiff_set_apparmor_profile(const char *profile, skiff_error *err);

/* A context, user:role:type:level; EINVAL where the policy knows no such. */
bool skiff_set_selinux_label(const char *label, skiff_error *err);

#endif
