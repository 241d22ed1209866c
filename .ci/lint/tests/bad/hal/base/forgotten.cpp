int nobody_builds_this;
