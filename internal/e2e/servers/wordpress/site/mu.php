<?php
// Mail goes nowhere. Nothing else of the site is changed.
add_filter('pre_wp_mail', '__return_true');
